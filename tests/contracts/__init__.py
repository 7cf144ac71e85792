"""What each port promises, as one suite a port: the fake and every adapter pass the same."""
