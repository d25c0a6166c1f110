"""Random templates and conversations for fuzz_chat_templates.py. The same seed gives the same cases."""
import random

WORDS = ["user", "assistant", "system", "tool", "Hi", " a b ", "x,y,z", "", "Ünïcode ß", "\n", "日本", "<b>&'\"", "a-b c",
         "10", "-3.5", "0x1F", "İstanbul ΑΣ", "\t tab\u00a0", "{}", "%s", "a\\n", "ΣΑΣ ΣΑ\u0301Σ.", "\u200d\x07", "ab" * 9]
FLOATS = ["0.5", "1.0", "2.5", "1e20", "1.5e-7", "3.14159", "0.1", "100.25", "1e16", "123456789.125"]
ROLES = ["user", "assistant", "system", "tool"]
STRINGS = ["s", "t", "bos_token"]
INTS = ["n", "zero", "neg"]
LISTS = ["l", "words", "nested", "empty"]
DICTS = ["d", "tool"]


def quote(text):
    out = "".join({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\x07": "\\x07"}.get(c, c) for c in text)
    return f"'{out}'"


class Random:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.loops = 0
        self.names = []

    def pick(self, *options):
        return self.r.choice(options)

    def chance(self, p):
        return self.r.random() < p

    # -- data ------------------------------------------------------------------------------------------

    def json(self, depth=2):
        kind = self.r.randrange(8 if depth else 5)
        if kind == 0:
            return self.r.choice([None, True, False])
        if kind == 1:
            return self.r.choice([0, 1, -7, 42, 10**12, self.r.randrange(100)])
        if kind == 2:
            return self.r.choice([0.5, -2.0, 1e20, 0.1, 3.0])
        if kind <= 4:
            return self.r.choice(WORDS)
        if kind == 5:
            return [self.json(depth - 1) for _ in range(self.r.randrange(4))]
        keys = ["a", "b", "c", "name", "items", "role", "content", "it's"]
        return {k: self.json(depth - 1) for k in self.r.sample(keys, self.r.randrange(4))}

    def message(self):
        content = self.r.choice(WORDS)
        if self.chance(0.15):
            content = [{"type": "text", "text": self.r.choice(WORDS)}, {"type": "image"}]
        message = {"role": self.r.choice(ROLES), "content": content}
        if self.chance(0.2):
            message["tool_calls"] = [{"function": {"name": "f", "arguments": self.json(1)}}]
        return message

    def variables(self):
        r = self.r
        return {
            "messages": [self.message() for _ in range(r.choice([0, 1, 2, 3, 3, 4, 5]))],
            "tools": r.choice([None, [{"name": "f", "parameters": self.json(2)}]]),
            "add_generation_prompt": self.chance(0.5), "bos_token": "<s>", "n": r.randrange(6), "zero": 0,
            "neg": -r.randrange(1, 9), "x": r.choice([0.5, 2.5, -1.25, 1e300, 7.0]), "s": r.choice(WORDS),
            "t": r.choice(WORDS), "l": [r.randrange(-5, 20) for _ in range(r.randrange(6))],
            "words": r.sample(WORDS, r.randrange(5)), "nested": [[1, "a"], [2, "b"], [self.json(1), "c"]], "empty": [],
            "d": {"a": self.json(1), "b": r.choice(WORDS), "c": r.randrange(9), "name": "x"},
            "tool": {"name": "get", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}},
            "none": None, "flag": self.chance(0.5), "any": self.json(2),
        }

    # -- expressions of a kind ---------------------------------------------------------------------------

    def expr(self, depth):
        if self.chance(0.03):
            return self.wild(depth)
        return self.r.choice([self.text, self.text, self.integer, self.number, self.boolean, self.list, self.dict])(depth)

    def leaf(self):
        return self.pick("n", "s", "x", "l", "d", "none", "missing", "1", "'a'", "2.5", "[]", "{}", "flag", "any",
                         "messages", "messages[0]", "()", "true", *self.names[-3:])

    def wild(self, depth):
        """Of any kind: much of it fails."""
        if depth <= 0:
            return self.leaf()
        a, b = self.expr(depth - 1), self.expr(depth - 1)
        filters = ["length", "list", "sort", "upper", "first", "last", "int", "float", "join", "string", "tojson",
                   "items|list", "dictsort", "unique|list", "sum", "max", "min", "reverse|list", "abs", "round", "trim",
                   "title", "capitalize", "wordcount", "default('D')", "batch(2)|list", "slice(2)|list", "e", "safe",
                   "map('string')|list", "select|list", "reject('none')|list", "indent", "replace('a', 'b')",
                   "center(9)", "truncate(5)", "filesizeformat", "urlencode", "attr('name')", "format(1)"]
        tests = ["defined", "undefined", "none", "string", "number", "mapping", "sequence", "iterable", "integer", "float",
                 "boolean", "true", "false", "odd", "even", "callable", "lower", "upper", "escaped"]
        return self.pick(
            f"({a} {self.pick('+', '-', '*', '/', '//', '%', '~')} {b})", f"({a} {self.pick('==', '!=', '<', '>=')} {b})",
            f"({a} {self.pick('in', 'not in')} {b})", f"({a} {self.pick('and', 'or')} {b})", f"({a})|{self.r.choice(filters)}",
            f"({a} is {self.pick('', 'not ')}{self.r.choice(tests)})", f"({a})[{b}]", f"({a}).name",
            f"-({a})", f"({a} if {b})", f"(not {a})", f"({a}).strip()", f"({a}).items()|list")

    def text(self, depth):
        if depth <= 0:
            return self.pick(quote(self.r.choice(WORDS)), self.r.choice(STRINGS), "messages[0].role", "d.b", "tool.name",
                             quote(self.r.choice(WORDS)))
        s, t, i, j = self.text(depth - 1), self.text(depth - 1), self.integer(depth - 1), self.integer(depth - 1)
        return self.r.choice([
            lambda: f"({s} + {t})", lambda: f"({s} ~ {self.expr(depth - 1)} ~ {t})", lambda: f"{s}|{self.text_filter(depth)}",
            lambda: f"({s}).{self.text_method(depth)}", lambda: f"({s})[{i}:{j}]", lambda: f"({s})[::{self.pick(-1, 2, -2)}]",
            lambda: f"({s} * {self.pick(0, 1, 2, 3)})", lambda: f"({s} if {self.boolean(depth - 1)} else {t})",
            lambda: f"{self.list(depth - 1)}|join({t})", lambda: f"({self.expr(depth - 1)})|{self.pick('string', 'tojson')}",
            lambda: f"({self.expr(depth - 1)})|tojson({self.json_arguments()})", lambda: f"({s} or {t})",
            lambda: f"({self.list(depth - 1)}|map('string')|join({t}))", lambda: f"({quote('%s|%5s|%-4s|')} % ({s}, {t}, {i}))",
            lambda: f"({quote(self.percent())})|format({self.number(depth - 1)})",
            lambda: f"{quote(self.braces())}.format({self.number(depth - 1)})",
            lambda: f"{quote('{:' + self.pick('>8', '^7', '*<6', '.2', '8.3') + '}|{}')}.format({s}, {t})"])()

    def json_arguments(self):
        return self.pick("indent=2", "indent=4", "ensure_ascii=True", "sort_keys=True", "separators=(',', ':')", "indent=0",
                         "indent=1, separators=(',', ' : ')", "indent='--'", "ensure_ascii=true, indent=none")

    def percent(self):
        return "%" + self.pick("", "5", "-6", "06", "+", " ", "+8", "-+7") + self.pick("d", "s", ".2f", ".0f", "e", "g",
                                                                                     ".3g", "i", ".1e", "f", ".10f", "G")

    def braces(self):
        return "{:" + self.pick("", "5", "<6", "^9", "06", "+", "=+8", ",", "_", "012,", "*>9") + self.pick(
            "", "d", ".2f", "e", ".3g", "%", ".1%", "g", "f", ".4", "x") + "}"

    def text_filter(self, depth):
        t = self.text(depth - 2)
        return self.r.choice([
            lambda: "trim", lambda: "upper", lambda: "lower", lambda: "title", lambda: "capitalize", lambda: "string",
            lambda: f"trim({t})", lambda: f"replace({t}, {self.text(depth - 2)})", lambda: f"replace({t}, 'R', {self.pick(0, 1, 2)})",
            lambda: "reverse", lambda: f"default({t})", lambda: f"center({self.pick(0, 5, 12, 21)})", lambda: "e", lambda: "safe",
            lambda: f"indent({self.pick('2', '4, true', 'first=true, blank=true', 'width=1, blank=true')})",
            lambda: f"truncate({self.pick('5', '9, true', '12, end=t', '4, leeway=0', '6, false, _, 0')})".replace("_", quote("…")),
            lambda: "urlencode", lambda: "string|length|string", lambda: "list|join('.')", lambda: "forceescape"])()

    def text_method(self, depth):
        t, u = self.text(depth - 2), self.text(depth - 2)
        i = self.pick(-1, 0, 1, 2)
        return self.r.choice([
            lambda: "strip()", lambda: f"strip({t})", lambda: f"lstrip({t})", lambda: f"rstrip({t})", lambda: "lstrip()",
            lambda: "rstrip()", lambda: "upper()", lambda: "lower()", lambda: "title()", lambda: "capitalize()",
            lambda: "swapcase()", lambda: f"replace({t}, {u})", lambda: f"replace({t}, {u}, {i})", lambda: f"zfill({self.pick(3, 8)})",
            lambda: f"center({self.pick(4, 9, 12)}, '*')", lambda: f"ljust({self.pick(4, 9)})", lambda: f"rjust({self.pick(4, 9)}, '日')",
            lambda: f"removeprefix({t})", lambda: f"removesuffix({t})", lambda: f"join({self.words(depth - 2)})",
            lambda: f"split({t})[{i}]", lambda: f"partition({t})[{self.pick(0, 1, 2)}]", lambda: f"rpartition({t})[{self.pick(0, 1, 2)}]"])()

    def words(self, depth):
        if depth <= 0:
            return self.pick("words", "['a', 'b']", "s.split()", "messages|map(attribute='role')|list")
        return self.pick(f"{self.text(depth - 1)}.split()", f"{self.text(depth - 1)}.split({self.text(depth - 1)})",
                         f"{self.text(depth - 1)}.rsplit({self.pick('none', self.text(depth - 1))}, {self.pick(0, 1, 2)})",
                         f"{self.text(depth - 1)}.split({self.pick('none', self.text(depth - 1))}, {self.pick(0, 1, 2)})",
                         f"{self.text(depth - 1)}.splitlines({self.pick('', 'true')})", f"{self.text(depth - 1)}|list",
                         f"{self.words(depth - 1)}|map('{self.pick('upper', 'trim', 'title', 'lower')}')|list",
                         f"{self.words(depth - 1)}|sort", f"{self.words(depth - 1)}|unique|list")

    def integer(self, depth):
        if depth <= 0:
            return self.pick(str(self.r.randrange(10)), self.r.choice(INTS), "l|length", "messages|length", "d.c", "-1", "1_000",
                             "0b101", "0x1f", *(["loop.index", "loop.index0", "loop.revindex"] if self.loops else []))
        i, j = self.integer(depth - 1), self.integer(depth - 1)
        return self.r.choice([
            lambda: f"({i} {self.pick('+', '-', '*')} {j})", lambda: f"({i} {self.pick('//', '%')} {j})", lambda: f"-({i})",
            lambda: f"({i} ** {self.pick(0, 1, 2, 3)})", lambda: f"{self.text(depth - 1)}|length", lambda: f"{self.list(depth - 1)}|count",
            lambda: f"{self.text(depth - 1)}|int({self.pick('', '7', 'base=16', '1, 0')})", lambda: f"{self.number(depth - 1)}|int",
            lambda: f"{i}|abs", lambda: f"({self.text(depth - 1)}).find({self.text(depth - 2)})", lambda: f"{self.text(depth - 1)}|wordcount",
            lambda: f"({self.text(depth - 1)}).count({self.text(depth - 2)})", lambda: f"({self.text(depth - 1)}).rfind({self.text(depth - 2)})",
            lambda: f"({i} if {self.boolean(depth - 1)} else {j})", lambda: "l|sum", lambda: f"({i} or {j})", lambda: f"[{i}, {j}]|max",
            lambda: f"({i}, {j})|min", lambda: f"{i}|round(-1)", lambda: f"[{i}, {j}].index({j})"])()

    def number(self, depth):
        if depth <= 0:
            return self.pick("x", self.r.choice(FLOATS), self.integer(0))
        a, b = self.number(depth - 1), self.number(depth - 1)
        return self.r.choice([
            lambda: f"({a} {self.pick('+', '-', '*')} {b})", lambda: f"({a} {self.pick('/', '//', '%')} {b})", lambda: self.integer(depth),
            lambda: f"{a}|round", lambda: f"{a}|round({self.pick(0, 1, 2, -1, 3)})", lambda: f"{a}|round({self.pick(0, 1, 2)}, '{self.pick('ceil', 'floor', 'common')}')",
            lambda: f"{self.text(depth - 1)}|float", lambda: f"{a}|float", lambda: f"({a} ** {self.pick('2', '0.5', '-1')})", lambda: f"-({a})",
            lambda: f"{a}|abs", lambda: f"[{a}, {b}]|sum"])()

    def boolean(self, depth):
        if depth <= 0:
            return self.pick("true", "false", "flag", "add_generation_prompt", "tools", "none", "n", "s", "missing",
                             *(["loop.first", "loop.last"] if self.loops else []))
        a, b = self.boolean(depth - 1), self.boolean(depth - 1)
        op = self.pick("==", "!=", "<", "<=", ">", ">=")
        return self.r.choice([
            lambda: f"({a} {self.pick('and', 'or')} {b})", lambda: f"(not {a})", lambda: f"({self.integer(depth - 1)} {op} {self.number(depth - 1)})",
            lambda: f"({self.text(depth - 1)} {op} {self.text(depth - 1)})", lambda: f"({self.text(depth - 1)} {self.pick('in', 'not in')} {self.text(depth - 1)})",
            lambda: f"({self.expr(depth - 1)} {self.pick('in', 'not in')} {self.list(depth - 1)})", lambda: f"('a' in {self.dict(depth - 1)})",
            lambda: f"({self.expr(depth - 1)} is {self.pick('', 'not ')}{self.test()})", lambda: f"({self.expr(depth - 1)} {self.pick('==', '!=')} {self.expr(depth - 1)})",
            lambda: f"({self.text(depth - 1)}).{self.pick('startswith', 'endswith')}({self.text(depth - 1)})",
            lambda: f"({self.text(depth - 1)}).{self.pick('isdigit', 'isalpha', 'isalnum', 'isspace', 'isupper', 'islower', 'istitle', 'isnumeric', 'isascii', 'isprintable')}()",
            lambda: f"({self.integer(depth - 1)} {op} {self.integer(depth - 1)} {op} {self.integer(depth - 1)})",
            lambda: f"({self.list(depth - 1)} {op} {self.list(depth - 1)})", lambda: f"({self.integer(depth - 1)} is divisibleby {self.pick(1, 2, 3)})",
            lambda: f"({self.text(depth - 1)} is eq {self.text(0)})"])()

    def test(self):
        return self.pick("defined", "undefined", "none", "string", "number", "mapping", "sequence", "iterable", "integer", "float",
                         "boolean", "true", "false", "callable", "sameas none", "in [1, 'a', none]", "ne 1", "escaped")

    def list(self, depth):
        if depth <= 0:
            return self.pick(*LISTS, "messages", "[1, 2, 3]", "range(4)", "range(1, 9, 3)", "(1, 'a')", "d.keys()|list", "['b', 'a', 'B']")
        a = self.list(depth - 1)
        return self.r.choice([
            lambda: f"[{', '.join(self.expr(depth - 1) for _ in range(self.r.randrange(4)))}]", lambda: f"({a})[{self.integer(depth - 1)}:]",
            lambda: f"({a})[::{self.pick(-1, 2)}]", lambda: f"{a}|list", lambda: f"{a}|reverse|list", lambda: f"({a}|list + {self.list(depth - 1)}|list)",
            lambda: f"(l|sort({self.pick('', 'true', 'reverse=true')}))", lambda: f"(words|sort(case_sensitive={self.pick('true', 'false')}))",
            lambda: f"(messages|selectattr('role', 'equalto', '{self.r.choice(ROLES)}')|list)", lambda: "(messages|rejectattr('tool_calls')|list)",
            lambda: f"({a}|select('{self.pick('string', 'number', 'defined', 'none', 'mapping')}')|list)", lambda: f"({a}|reject('{self.pick('string', 'number')}')|list)",
            lambda: f"(messages|map(attribute='{self.pick('role', 'content', 'none', 'content.0')}')|list)", lambda: f"({a}|map('{self.pick('string', 'tojson', 'length')}')|list)",
            lambda: "(messages|map(attribute='x', default='D')|list)", lambda: f"({a}|batch({self.pick(1, 2, 3)}{self.pick('', ', 0')})|list)",
            lambda: f"({a}|slice({self.pick(1, 2, 3)}{self.pick('', ', 0')})|list)", lambda: "(d|dictsort)", lambda: f"(d|dictsort(by='key', reverse={self.pick('true', 'false')}))",
            lambda: "(d.items()|list)", lambda: "(d|items|list)", lambda: f"({a} * {self.pick(0, 1, 2)})", lambda: self.words(depth), lambda: "(messages|groupby('role'))",
            lambda: f"({a}|unique|list)", lambda: "(d.values()|list)", lambda: "(nested|sort(attribute=1))", lambda: "(nested|map('first')|list)"])()

    def dict(self, depth):
        if depth <= 0:
            return self.pick(*DICTS, "{'a': 1}", "{}", "messages[0]", "dict(a=1, b='x')")
        return self.pick("{" + f"{quote(self.r.choice(WORDS))}: {self.expr(depth - 1)}, 'k': {self.expr(depth - 1)}" + "}",
                         f"dict({self.dict(depth - 1)}, z={self.expr(depth - 1)})", f"({self.dict(depth - 1)} or {self.dict(depth - 1)})",
                         "{" + f"{self.integer(depth - 1)}: 1, {self.number(depth - 1)}: 2, true: 3" + "}", f"{self.dict(depth - 1)}.copy()",
                         f"dict({self.dict(depth - 1)}.items())")

    # -- statements --------------------------------------------------------------------------------------

    def tag(self, text):
        return "{%" + self.pick("", "", "", "-", "+") + " " + text + " " + self.pick("", "", "", "-") + "%}"

    def print(self, depth):
        return "{{" + self.pick("", "", "-") + " " + self.expr(depth) + " " + self.pick("", "", "-") + "}}"

    def data(self):
        return self.pick("", "\n", "  \n", "text", " <|im_start|>", "\n\n  ", "a\r\nb", "{ ", "}", "\t", "é", "%}", "#}", "}}")

    def name(self):
        return self.pick("v", "w", "s", "n", "item", "ns_v", "role")

    def body(self, depth, n=3):
        return "".join(self.data() + self.statement(depth) + self.data() for _ in range(self.r.randrange(1, n + 1)))

    def target(self):
        name = self.name()
        self.names.append(name)
        return name

    def loop(self, depth):
        head = self.r.choice([lambda: f"for {self.target()} in {self.list(2)}", lambda: "for k, v in d.items()", lambda: "for m in messages",
                              lambda: f"for m in messages if m.role {self.pick('==', '!=')} 'user'", lambda: f"for i in range({self.pick(2, 3, 4)})",
                              lambda: f"for {self.target()} in {self.words(2)}", lambda: f"for c in {self.text(1)}", lambda: "for m in messages recursive",
                              lambda: f"for {self.target()} in {self.list(1)} if {self.boolean(1)}", lambda: "for a, b in nested"])()
        self.loops += 1
        body = self.body(depth - 1) + self.pick("", "{{ loop.index }}", "{{ loop.last }}{{ loop.length }}", "{{ loop.previtem }}", "{{ loop.nextitem }}",
                                                "{{ loop.cycle('a', 'b') }}", "{{ loop.changed(m) }}", "{% if loop.index > 2 %}{% break %}{% endif %}",
                                                "{% if loop.first %}{% continue %}{% endif %}x", "{{ loop.depth }}{{ loop.revindex0 }}", "{{ loop }}",
                                                "{{ loop(m.tool_calls) if m.tool_calls }}", "{{ m.role }}: {{ m['content'] }}")
        self.loops -= 1
        else_ = self.pick("", "", "{% else %}none" + self.print(1))
        return f"{self.tag(head)}{body}{else_}{self.tag('endfor')}"

    def macro(self, depth):
        loops, self.loops = self.loops, 0
        name, body = self.pick("f", "g"), self.body(depth - 1, 2)
        self.loops = loops
        signature = self.pick("a", "a, b=2", "a='A', b=a", "", "m, b=n", "a, v=[]")
        extra = self.pick("", "{{ varargs }}", "{{ kwargs }}", "{{ caller() }}", "{{ caller('c') if caller }}")
        call = self.pick(f"{name}()", f"{name}({self.expr(1)})", f"{name}(1, b={self.expr(1)})", f"{name}(1, 2, 3)", f"{name}(z=1)", f"{name}(*l)",
                         f"{name}(**d)")
        use = self.pick("{{ " + call + " }}", "{% call" + self.pick("", "(q)") + f" {call}" + " %}[{{ q }}]{% endcall %}", "{{ " + name + ".name }}")
        return f"{self.tag(f'macro {name}({signature})')}({{{{ a }}}}{{{{ b }}}}{extra}{body}){self.tag('endmacro')}{use}"

    def statement(self, depth):
        if depth <= 0:
            return self.print(self.pick(1, 2, 3))
        return self.r.choice([
            lambda: self.print(3), lambda: self.print(2), lambda: self.print(4), lambda: self.loop(depth), lambda: self.loop(depth),
            lambda: f"{self.tag('if ' + self.boolean(2))}{self.body(depth - 1)}{self.pick('', self.tag('elif ' + self.boolean(1)) + self.body(depth - 1, 1))}"
                    f"{self.pick('', self.tag('else') + self.body(depth - 1, 1))}{self.tag('endif')}",
            lambda: self.tag(f"set {self.target()} = {self.expr(3)}"), lambda: self.tag(f"set {self.target()}, {self.target()} = {self.expr(1)}, {self.expr(1)}"),
            lambda: f"{self.tag('set ' + self.target())}{self.body(depth - 1, 2)}{self.tag('endset')}",
            lambda: f"{self.tag('set ' + self.target() + '|upper')}{self.body(depth - 1, 1)}{self.tag('endset')}",
            lambda: f"{self.tag('set ns = namespace(v=' + self.expr(1) + ')')}{self.tag('set ns.w = ' + self.expr(2))}{{{{ ns.v }}}}{{{{ ns.w }}}}",
            lambda: self.macro(depth), lambda: f"{self.tag('filter ' + self.pick('upper', 'trim', 'indent(2)'))}{self.body(depth - 1, 1)}{self.tag('endfilter')}",
            lambda: f"{self.tag('with v = ' + self.expr(1) + ', w = v')}{self.body(depth - 1, 2)}{self.tag('endwith')}",
            lambda: f"{self.tag('generation')}{self.body(depth - 1, 1)}{self.tag('endgeneration')}",
            lambda: "{#" + self.pick("", "-", "+") + " c " + self.pick("", "-") + "#}",
            lambda: "{% raw %}{{ x }}{% y " + self.pick("{% endraw %}", "{%- endraw -%}"), lambda: "{{ strftime_now('%d %b %Y %H:%M %j') }}",
            lambda: "{{ raise_exception('no') }}" if self.chance(0.2) else ""])()

    def case(self):
        self.names, self.loops = [], 0
        template = self.body(self.r.randrange(1, 4), 4)
        return {"template": template, "variables": self.variables()}
