"""`python -m bot` is the console command `keydesk`."""

from bot.cli import main

main()
