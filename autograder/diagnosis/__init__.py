"""Why a result is wrong: which known mistake it is, what is odd about it, the smallest case that shows it."""
