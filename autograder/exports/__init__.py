"""What leaves the project for other systems: grades for Canvas and Moodle, an autograder for Gradescope."""
