"""How long things take, each as a ratio to something that is measured in the same run."""
