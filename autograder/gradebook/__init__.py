"""nbgrader's side of grading: its course folder, its notebooks, its gradebook, and what nbgrader autograde runs."""
