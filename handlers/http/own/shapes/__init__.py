"""What the own API takes and gives, one file for each family: the description is made of these."""
