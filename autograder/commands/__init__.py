"""The commands of `autograder`, a module each: `add_to` says what it takes, and the rest is imported when it runs."""
