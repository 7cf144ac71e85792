"""What is put beside a built function, to run in its container."""
