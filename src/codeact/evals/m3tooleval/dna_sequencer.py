"""Plant DNA read, counted, transcribed and translated (the paper's science domain)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codeact.evals.m3tooleval.exercise import SHOWN_AS_OBJECT, Exercise
from codeact.tools import Toolbox

_TO_MRNA = str.maketrans("ACGT", "UGCA")
_TO_DNA = str.maketrans("UCAG", "AGTC")
_AMINO_ACIDS = {"AUG": "Methionine", "UUU": "Phenylalanine", "UUC": "Phenylalanine"}

INVALID = "Invalid DNA sequence"


def count_nucleotides(dna_sequence: str) -> dict[str, int]:
    """Count each nucleotide of a DNA sequence, in order of first appearance."""
    return {letter: dna_sequence.count(letter) for letter in dict.fromkeys(dna_sequence)}


def transcribe_dna_to_mrna(dna_sequence: str) -> str:
    """The mRNA that a DNA sequence is transcribed to."""
    return dna_sequence.translate(_TO_MRNA)


def translate_mrna_to_amino_acid(mrna_sequence: str) -> str:
    """The chain of amino acids that an mRNA sequence stands for, joined by hyphens."""
    codons = (mrna_sequence[at : at + 3] for at in range(0, len(mrna_sequence), 3))
    return "-".join(_AMINO_ACIDS.get(codon, "X") for codon in codons)


def find_max_nucleotide(*args: Any) -> tuple[Any, Any]:
    """The most frequent nucleotide with its count. Takes k1, v1, k2, v2, ..., kn, vn: each
    nucleotide (str) followed by its count (int).
    """
    counts = list(zip(args[::2], args[1::2], strict=True))
    return max(counts, key=lambda pair: pair[1])


def is_valid_dna_sequence(dna_sequence: str) -> bool:
    """Whether a sequence consists of the letters of DNA only."""
    return all(letter in "ACGT" for letter in dna_sequence)


def reverse_transcribe_mrna_to_dna(mrna_sequence: str) -> str:
    """The DNA that an mRNA sequence was transcribed from."""
    return mrna_sequence.translate(_TO_DNA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Sequences and the question about them, with the sequences left open."""

    name: str
    text: str
    sequences: tuple[str, ...]

    @property
    def instruction(self) -> str:
        return self.text.format(one=self.sequences[0], many=list(self.sequences))


SAMPLES: tuple[Sample, ...] = (
    Sample(
        name="find_most_common_nucleotide_and_transcribe",
        text="Which nucleotide is the most common one in the DNA sequence '{one}'? Write it three "
        "times in a row and transcribe that to mRNA.",
        sequences=("AGCTAGCCGATGCA",),
    ),
    Sample(
        name="validate_transcribe_translate",
        text="Is '{one}' a valid DNA sequence? If it is, transcribe it to mRNA, translate the mRNA "
        f"and give the amino acid sequence. If not, answer '{INVALID}'.",
        sequences=("AGCTTX",),
    ),
    Sample(
        name="reverse_transcribe_count_max_nucleotide",
        text="Reverse transcribe the mRNA sequence '{one}' to DNA, count its nucleotides and find "
        "the one that occurs most. Answer with that nucleotide and not with its count.",
        sequences=("AUGCUUUUC",),
    ),
    Sample(
        name="transcribe_translate_amino_acid_length",
        text="Transcribe the DNA sequence '{one}' to mRNA and translate it to an amino acid "
        "sequence. How long is that sequence?",
        sequences=("AGCTAGCGTA",),
    ),
    Sample(
        name="reverse_transcribe_palindrome_check",
        text="Reverse transcribe the mRNA sequence '{one}' to DNA and count each nucleotide of the "
        "DNA sequence.",
        sequences=("AUGCGU",),
    ),
    Sample(
        name="validate_find_longest_valid_sequence",
        text="Which of the DNA sequences {many} are valid? Find the longest valid one.",
        sequences=("AGCTAG", "XYZABC", "GTCAGT"),
    ),
    Sample(
        name="transcribe_translate_find_amino_acid",
        text="Transcribe the DNA sequence '{one}' to mRNA and translate it to an amino acid "
        "sequence. Does 'Methionine' occur in it? Answer 'True' or 'False'.",
        sequences=("AGCTAGCGTA",),
    ),
    Sample(
        name="find_most_common_nucleotide_combined_sequence",
        text="Join the DNA sequences {many} to one and find the most common nucleotide in it.",
        sequences=("AGCT", "CCGA", "TTAG"),
    ),
)


def _amino_acids(sample: Sample) -> list[str]:
    mrna = transcribe_dna_to_mrna(sample.sequences[0])
    return translate_mrna_to_amino_acid(mrna).split("-")


def _most_common(dna: str) -> tuple[str, int]:
    counts = count_nucleotides(dna)
    return max(counts.items(), key=lambda pair: pair[1])


def _thrice(sample: Sample) -> str:
    return transcribe_dna_to_mrna(3 * _most_common(sample.sequences[0])[0])


def _validated(sample: Sample) -> str:
    valid = is_valid_dna_sequence(sample.sequences[0])
    return "-".join(_amino_acids(sample)) if valid else INVALID


def _origin(sample: Sample) -> str:
    return reverse_transcribe_mrna_to_dna(sample.sequences[0])


_WANTED: dict[str, Callable[[Sample], Any]] = {
    "find_most_common_nucleotide_and_transcribe": _thrice,
    "validate_transcribe_translate": _validated,
    "reverse_transcribe_count_max_nucleotide": lambda sample: _most_common(_origin(sample))[0],
    "transcribe_translate_amino_acid_length": lambda sample: len(_amino_acids(sample)),
    "reverse_transcribe_palindrome_check": lambda sample: count_nucleotides(_origin(sample)),
    "validate_find_longest_valid_sequence": lambda sample: max(
        filter(is_valid_dna_sequence, sample.sequences), key=len
    ),
    "transcribe_translate_find_amino_acid": lambda sample: "Methionine" in _amino_acids(sample),
    "find_most_common_nucleotide_combined_sequence": lambda sample: _most_common(
        "".join(sample.sequences)
    ),
}
_TOGETHER = "find_most_common_nucleotide_combined_sequence"
_LONGEST = "validate_find_longest_valid_sequence"
_AS_OBJECT = ("reverse_transcribe_palindrome_check", _TOGETHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnaSequencer:
    """Eight questions about sequences."""

    samples: tuple[Sample, ...] = SAMPLES

    @property
    def name(self) -> str:
        return "cryptobotanists_plant_dna_sequencer"

    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(_exercise(self.name, sample) for sample in self.samples)

    def toolbox(self) -> Toolbox:
        return Toolbox.of(
            [
                count_nucleotides,
                transcribe_dna_to_mrna,
                translate_mrna_to_amino_acid,
                find_max_nucleotide,
                is_valid_dna_sequence,
                reverse_transcribe_mrna_to_dna,
            ]
        )


def _exercise(domain: str, sample: Sample) -> Exercise:
    answer = _WANTED[sample.name](sample)
    also: tuple[Any, ...] = ()
    remedy = ""
    if sample.name == _TOGETHER:
        also = (answer[0],)
        remedy = "the nucleotide is asked for: it is right with its count and without"
    if sample.name == _LONGEST:
        valid = filter(is_valid_dna_sequence, sample.sequences)
        also = tuple(each for each in valid if len(each) == len(answer))
        remedy = "each of the longest valid sequences is right"
    return Exercise(
        domain=domain,
        name=sample.name,
        instruction=sample.instruction,
        answer=answer,
        also=also,
        remedy=remedy,
        issues=(SHOWN_AS_OBJECT,) if sample.name in _AS_OBJECT else (),
    )
