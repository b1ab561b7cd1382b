"""What stderr shows: how much of it, lines that change while a step runs, logs, and messages."""
