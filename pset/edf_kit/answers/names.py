"""Which names in a piece of Python code are the module's own, as opposed to a function's, and where they are.

Python's own rules: a name that a function binds is its own, unless it says `global`; the names of a class body
are not seen in its methods; a comprehension has names of its own.
"""

import ast
import dataclasses

from edf_kit.answers.notebook import CellError

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


@dataclasses.dataclass(frozen=True)
class Reference:
    """A place where code means a name of its module.

    node: a Name, or the definition, import alias or `global` statement that holds the name. attribute: `b`
    where the code says `a.b`. immediate: true where it is looked up as the module is loaded, not when a
    function is called. loads: true where it is looked up, not bound.
    """

    name: str
    node: ast.AST
    attribute: str | None
    immediate: bool
    loads: bool


class _Scope:
    def __init__(self, kind, parent):
        self.kind, self.parent = kind, parent
        self.bound, self.globals = set(), set()

    def is_global(self, name):
        """True if code in this scope that says `name` means the module's."""
        scope = self
        while scope.kind != "module":
            if name in scope.globals:
                return True
            # Methods do not see the names of the class around them.
            if name in scope.bound and (scope is self or scope.kind != "class"):
                return False
            scope = scope.parent
        return True


def global_references(tree):
    """All references of a module's tree to names of the module, in the order of a fixed walk.

    Raises CellError for what is no code at all: a `return` outside of functions, too deep a nesting.
    """
    walk = _Walk()
    try:
        walk.visit(tree)
    except RecursionError:
        raise CellError(1, "code nested too deeply to be read") from None
    return [
        Reference(name, node, attribute, immediate, loads)
        for name, node, attribute, immediate, loads, scope in walk.uses
        if scope.is_global(name)
    ]


def bound_names(statement):
    """The names that a top-level statement binds, in its blocks too, but not in functions and classes."""
    found, pending = [], [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, DEFINITIONS):
            found.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.extend(alias_name(alias) for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                found.append(node.id)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            pending.extend(reversed(list(ast.iter_child_nodes(node))))
    return tuple(dict.fromkeys(found))


def alias_name(alias):
    """The name that `import …` binds."""
    return alias.asname or alias.name.partition(".")[0]


class _Walk(ast.NodeVisitor):
    def __init__(self):
        self.scope = _Scope("module", None)
        self.depth = 0  # of functions around
        self.uses = []

    def _use(self, name, node, attribute=None, loads=True):
        self.uses.append((name, node, attribute, not self.depth, loads, self.scope))

    def _bind(self, name, node=None):
        self.scope.bound.add(name)
        if node is not None:
            self._use(name, node, loads=False)

    def visit_Name(self, node, attribute=None):
        if isinstance(node.ctx, ast.Load):
            self._use(node.id, node, attribute)
        else:
            self._bind(node.id, node)

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name):
            self.visit_Name(node.value, node.attr)
        else:
            self.visit(node.value)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        inner, self.scope = self.scope, self._outside_comprehensions()
        self.visit(node.target)
        self.scope = inner

    def _outside_comprehensions(self):
        scope = self.scope
        while scope.kind == "comprehension":
            scope = scope.parent
        return scope

    def visit_Global(self, node):
        self.scope.globals.update(node.names)
        for name in node.names:
            self._use(name, node, loads=False)

    def visit_Nonlocal(self, node):
        self.scope.bound.update(node.names)

    def visit_Return(self, node):
        if not self.depth:
            raise CellError(node.lineno, "'return' outside function")
        self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias_name(alias), alias)

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node):
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node):
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node):
        if node.rest:
            self._bind(node.rest)
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        self._visit_all(node.decorator_list)
        self._bind(node.name, node)
        self._function(node, node.body, node.returns)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self._function(node, [node.body])

    def _function(self, node, body, returns=None):
        outer = self._enter_type_parameters(node)
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
        self._visit_all([*arguments.defaults, *arguments.kw_defaults, returns])
        self._visit_all([argument.annotation for argument in every])
        self.scope = _Scope("function", self.scope)
        self.scope.bound.update(argument.arg for argument in every)
        self.depth += 1
        self._visit_all(body)
        self.depth -= 1
        self.scope = outer

    def visit_ClassDef(self, node):
        self._visit_all(node.decorator_list)
        self._bind(node.name, node)
        outer = self._enter_type_parameters(node)
        self._visit_all([*node.bases, *node.keywords])
        self.scope = _Scope("class", self.scope)
        self._visit_all(node.body)
        self.scope = outer

    def _enter_type_parameters(self, node):
        """Enter the scope of `def f[T]`, if there is one; returns the scope around it."""
        outer = self.scope
        if parameters := getattr(node, "type_params", None):
            self.scope = _Scope("function", outer)
            self.scope.bound.update(parameter.name for parameter in parameters)
        return outer

    def visit_ListComp(self, node):
        outer = self.scope
        # The first iterable alone is evaluated outside.
        self.visit(node.generators[0].iter)
        self.scope = _Scope("comprehension", outer)
        for i, generator in enumerate(node.generators):
            self._visit_all([generator.target, *([generator.iter] if i else []), *generator.ifs])
        self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.scope = outer

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _visit_all(self, nodes):
        for node in nodes:
            if node is not None:
                self.visit(node)
