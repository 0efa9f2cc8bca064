"""What the clock starts: one file a job."""
