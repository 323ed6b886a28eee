"""Prints language.json (or expressions.json) anew: what Jinja2 (sandboxed, with do and loopcontrols, as dbt sets it up) makes of each template.

Run with Python and Jinja2 3.1: python expected.py < language.json > language.new.json
"""
import datetime
import itertools
import json
import re
import sys

import jinja2.ext
import jinja2.sandbox


class MacroReturn(BaseException):
    def __init__(self, value):
        self.value = value


def returning(value):
    raise MacroReturn(value)


environment = jinja2.sandbox.SandboxedEnvironment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
environment.filters["is_list"] = lambda value: isinstance(value, list)
def context():
    return {
        "modules": {
            "datetime": {name: getattr(datetime, name) for name in ("datetime", "date", "time", "timedelta", "timezone")},
            "re": re,
            "itertools": itertools,
        },
        "tojson": json.dumps,
        "fromjson": json.loads,
        "zip": lambda *lists: list(zip(*lists)),
        "rows": [{"name": "b", "n": 2}, {"name": "A", "n": 1}, {"name": "c", "n": 2}],
        "tree": [{"name": "a", "children": [{"name": "b", "children": []}]}, {"name": "c", "children": []}],
    }


def expected(template):
    try:
        return {"out": environment.from_string(template).render(context())}
    except Exception as error:
        return {"error": type(error).__name__}


cases = json.load(sys.stdin)
json.dump([{"template": case["template"], **expected(case["template"])} for case in cases], sys.stdout, indent=1, ensure_ascii=False)
print()
