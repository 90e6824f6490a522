"""Sources of events: files, pipes, generators, filling schemes."""
