"""nbgrader's ClearSolutions, with each stub's own message in place of one text for all."""

from nbgrader.preprocessors import ClearSolutions

from autograder.skeleton import RAISE


class ClearStubs(ClearSolutions):
    """Replaces a solution by a line that raises the message which its BEGIN mark names (skeleton.mark_solutions).

    A part without a message is a helper of the solution: nothing takes its place.
    """

    def _replace_solution_region(self, cell, language):
        lines, inside, replaced = [], False, False
        for line in cell.source.split("\n"):
            _, mark, message = line.partition(self.begin_solution_delimeter)
            if mark:
                if inside:
                    raise RuntimeError(f"a solution begins inside another:\n{cell.source}")
                inside = replaced = True
                if message.strip():
                    indent = line[: len(line) - len(line.lstrip())]
                    lines.append(f'{indent}{RAISE}("{message.strip()}")')
            elif self.end_solution_delimeter in line:
                inside = False
            elif not inside:
                lines.append(line)
        if inside:
            raise RuntimeError(f"a solution does not end:\n{cell.source}")
        cell.source = "\n".join(lines)
        return replaced
