"""What happened, in a closed vocabulary, and the chain that proves that nothing was changed."""
