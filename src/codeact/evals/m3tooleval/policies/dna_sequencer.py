"""Policies for sequences of DNA and mRNA."""

from __future__ import annotations

import ast
import itertools
import re
from typing import Any

from codeact.evals.m3tooleval.dna_sequencer import INVALID
from codeact.evals.m3tooleval.policies import Calls, Program, call, printed


def calls(name: str, ask: str) -> Calls:
    sequences = _sequences(ask)
    first = sequences[0]
    match name:
        case "find_most_common_nucleotide_and_transcribe":
            most = yield from _most_common(first)
            return (yield call("transcribe_dna_to_mrna", 3 * _read(most)[0]))
        case "validate_transcribe_translate":
            if (yield call("is_valid_dna_sequence", first)) != "True":
                return INVALID
            return (yield from _amino_acids(first))
        case "reverse_transcribe_count_max_nucleotide":
            dna = yield call("reverse_transcribe_mrna_to_dna", first)
            most = yield from _most_common(dna)
            return str(_read(most)[0])
        case "transcribe_translate_amino_acid_length":
            chain = yield from _amino_acids(first)
            return str(len(chain.split("-")))
        case "reverse_transcribe_palindrome_check":
            dna = yield call("reverse_transcribe_mrna_to_dna", first)
            return (yield call("count_nucleotides", dna))
        case "validate_find_longest_valid_sequence":
            valid = []
            for sequence in sequences:
                if (yield call("is_valid_dna_sequence", sequence)) == "True":
                    valid.append(sequence)
            return max(valid, key=len)
        case "transcribe_translate_find_amino_acid":
            chain = yield from _amino_acids(first)
            return str("Methionine" in chain.split("-"))
        case _:
            return (yield from _most_common("".join(sequences)))


def program(name: str, ask: str) -> Program:
    return printed(f"sequences = {_sequences(ask)!r}\nfirst = sequences[0]\n" + _PROGRAMS[name])


_MOST_COMMON = """\
counts = count_nucleotides({dna})
letter, count = find_max_nucleotide(*[part for pair in counts.items() for part in pair])
"""
_CHAIN = "chain = translate_mrna_to_amino_acid(transcribe_dna_to_mrna(first))\n"
_PROGRAMS = {
    "find_most_common_nucleotide_and_transcribe": _MOST_COMMON.format(dna="first")
    + "print(transcribe_dna_to_mrna(3 * letter))",
    "validate_transcribe_translate": f"""\
if is_valid_dna_sequence(first):
    {_CHAIN}
    print(chain)
else:
    print({INVALID!r})""",
    "reverse_transcribe_count_max_nucleotide": _MOST_COMMON.format(
        dna="reverse_transcribe_mrna_to_dna(first)"
    )
    + "print(letter)",
    "transcribe_translate_amino_acid_length": _CHAIN + 'print(len(chain.split("-")))',
    "reverse_transcribe_palindrome_check": "dna = reverse_transcribe_mrna_to_dna(first)\n"
    "print(count_nucleotides(dna))",
    "validate_find_longest_valid_sequence": "valid = filter(is_valid_dna_sequence, sequences)\n"
    "print(max(valid, key=len))",
    "transcribe_translate_find_amino_acid": _CHAIN + 'print("Methionine" in chain.split("-"))',
    "find_most_common_nucleotide_combined_sequence": _MOST_COMMON.format(dna='"".join(sequences)')
    + "print((letter, count))",
}


def _sequences(ask: str) -> list[str]:
    return re.findall(r"'([A-Z]+)'", ask)


def _most_common(dna: str) -> Calls:
    counts = _read((yield call("count_nucleotides", dna)))
    return (yield call("find_max_nucleotide", *itertools.chain(*counts.items())))


def _amino_acids(dna: str) -> Calls:
    mrna = yield call("transcribe_dna_to_mrna", dna)
    return (yield call("translate_mrna_to_amino_acid", mrna))


def _read(text: str) -> Any:
    return ast.literal_eval(text)
