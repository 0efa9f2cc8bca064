"""What is remembered: tables, transactions and the ways to read and change them."""
