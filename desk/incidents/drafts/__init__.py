"""What is written before it is public: previewed, decided on and published."""
