import json
import unittest
from dataclasses import dataclass
from typing import Annotated

from simulay import About, schema, values
from tests.square import Outcome, Params


class TheSchema(unittest.TestCase):
    def test_has_descriptions_units_ranges_and_defaults(self) -> None:
        expected = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "description": "What to square.",
            "properties": {
                "edge_m": {
                    "type": "number",
                    "title": "Edge",
                    "description": "Length of an edge.",
                    "x-unit": "m",
                    "maximum": 1000,
                    "exclusiveMinimum": 0,
                },
                "scheme": {"enum": ["fast", "exact"], "default": "fast"},
                "mesh": {
                    "type": "object",
                    "properties": {
                        "cells": {
                            "type": "integer",
                            "description": "Along an edge.",
                            "minimum": 1,
                            "maximum": 64,
                            "default": 8,
                        }
                    },
                    "additionalProperties": False,
                    "default": {"cells": 8},
                },
                "label": {"type": ["string", "null"]},
            },
            "additionalProperties": False,
            "required": ["edge_m"],
        }
        self.assertEqual(schema.of_params(Params), expected)

    def test_has_the_properties_in_the_order_of_the_fields(self) -> None:
        text = values.dump(schema.of_params(Params))
        self.assertEqual(list(json.loads(text)["properties"]), ["edge_m", "scheme", "mesh", "label"])

    def test_of_an_outcome_requires_every_field(self) -> None:
        outcome = schema.of_outcome(Outcome)
        self.assertEqual(outcome["required"], ["area_m2", "steps"])
        self.assertNotIn("default", outcome["properties"]["steps"])

    def test_tells_what_it_cannot_describe(self) -> None:
        with self.assertRaisesRegex(TypeError, "set"):
            schema.of(set[int], given=True)


class Values(unittest.TestCase):
    def test_go_to_json_and_back(self) -> None:
        params = values.load(Params, '{"edge_m": 2, "mesh": {"cells": 4.0}, "label": "ü"}')
        self.assertEqual((params.edge_m, params.mesh.cells, params.label), (2.0, 4, "ü"))
        self.assertIsInstance(params.mesh.cells, int)
        self.assertEqual(values.load(Params, values.dump(params)), params)

    def test_that_do_not_fit_are_told_with_their_place(self) -> None:
        for text, place in {
            "{": "",
            "[]": "",
            "{}": "/edge_m",
            '{"edge_m": "2"}': "/edge_m",
            '{"edge_m": true}': "/edge_m",
            '{"edge_m": 0}': "/edge_m",
            '{"edge_m": 1001}': "/edge_m",
            '{"edge_m": NaN}': "",
            '{"edge_m": null}': "/edge_m",
            '{"edge_m": 1, "edge": 1}': "/edge",
            '{"edge_m": 1, "scheme": "slow"}': "/scheme",
            '{"edge_m": 1, "mesh": {"cells": 1.5}}': "/mesh/cells",
            '{"edge_m": 1, "mesh": {"cells": 0}}': "/mesh/cells",
            '{"edge_m": 1, "label": 5}': "/label",
        }.items():
            with self.subTest(text), self.assertRaises(values.Misfit) as misfit:
                values.load(Params, text)
            self.assertEqual(misfit.exception.pointer, place, text)

    def test_that_are_not_finite_are_no_json(self) -> None:
        with self.assertRaises(values.Misfit) as misfit:
            values.dump({"a": [1.0, float("nan")]})
        self.assertEqual(misfit.exception.pointer, "/a/1")

    def test_of_a_union_are_the_first_that_fits(self) -> None:
        @dataclass(frozen=True)
        class Coarse:
            guess: float

        @dataclass(frozen=True)
        class Fine:
            guess: float
            best: list[Annotated[float, About("Values.", minimum=0)]]

        either = Coarse | Fine
        for state in (Coarse(1.0), Fine(1.0, [2.0])):
            self.assertEqual(values.load(either, values.dump(state)), state)
        with self.assertRaises(values.Misfit) as misfit:
            values.load(either, '{"guess": 1, "best": [-1]}')
        self.assertEqual(misfit.exception.pointer, "/best/0")


if __name__ == "__main__":
    unittest.main()
