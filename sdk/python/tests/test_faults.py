import unittest

from simulay.faults import Printed, in_full


class AFault(unittest.TestCase):
    def test_is_told_with_its_place(self) -> None:
        def slip() -> None:
            raise KeyError("prey")

        try:
            slip()
        except KeyError as error:
            told = in_full(error)
        self.assertRegex(told, r"^KeyError: 'prey', at .*test_faults.py:\d+ in test_.*, at .*test_faults.py:9 in slip$")

    def test_what_is_printed_comes_in_lines(self) -> None:
        lines: list[str] = []
        printed = Printed(lines.append)
        print("a", 1, file=printed)
        print("b\nc", end="", file=printed)
        self.assertEqual(lines, ["a 1", "b"])


if __name__ == "__main__":
    unittest.main()
