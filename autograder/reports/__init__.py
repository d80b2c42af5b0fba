"""What a course gets to read: feedback for each student, a report on the class."""
