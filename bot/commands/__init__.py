"""The families of commands. Each module has `register`, which adds its commands to the command line."""
