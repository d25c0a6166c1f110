#!/usr/bin/env python3
"""Sentences for the measurements: ordinary English words in random order, the same ones for the same seed.

  bench/workload.py N_SENTENCES [SEED [MIN_WORDS MAX_WORDS]]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

WORDS = """
a about above after again against all almost alone along already also although always among an and another any anyone
anything are around as ask at away back bad be beautiful because become been before began behind being believe below best
better between big bit black blue boat body book both box boy bread break bright bring brother brown building built but
buy by call came camera can car care carry cast cat caught cause center chair chance change character charming child
children choose church city clear clever climb close clothes cloud cold color come comedy common complete could country
course cover cross cry cut dance dark daughter day dead deal dear death deep delightful did die different dinner direct
director do does dog done door doubt down drama draw dream dress drink drive drop dry dull during each ear early earth
east easy eat edge eight either else empty end energy engine enjoy enough evening ever every example eye face fact fail
fall family famous far farm fast father feel feet few field fight film find fine fire first fish five floor fly follow
food foot for forest forget forward found four free fresh friend from front full funny game garden gave general get girl
give glass go gold gone good grass gray great green ground group grow guess had half hand happen happy hard has hat have
he head hear heart heavy held help her here high hill him himself his history hold hole home hope horse hot hour house
how however hundred idea if imagine important in instead interest into iron is island it its join journey joy jump just
keep kept kind king knew know land language large last late laugh law lay lead learn least leave left less let letter
life light like line list listen little live long look lose lost lot loud love low machine made make man many map mark
master may me mean meet melody men middle might mile milk mind minute miss moment money month moon more morning most
mother mountain mouth move movie much music must my name near need never new next night no north nose not note nothing
notice now number of off office often oh oil old on once one only open or order other our out over own page paint paper
part party pass past pay people perfect perhaps person picture piece place plain plan plant play plot poor possible power
present problem pull push put question quick quiet quite race rain ran reach read ready real reason record red remember
rest rich ride right river road rock room rose round row rule run safe said sail same sand sat save saw say scene school
science sea season second see seem seen sell send sense sentence serve set seven several shape she ship shoe shop short
should shoulder show shut sick side sign silver simple since sing sister sit six size skin sky sleep slow small smell
smile snow so soft soil soldier some son song soon sound south space speak special spell spend spoke spot spring stand
star start state stay step still stone stood stop store story street strong student study such sudden summer sun support
sure surprise sweet swim table take talk tall teach tell ten test than that the their them then there these they thick
thin thing think third this those though thought thousand three through throw time tiny to today together told tomorrow
too took top touch toward town train travel tree trip trouble true trust try turn two uncle under until up upon us use
usual valley very view village visit voice wait walk wall want war warm was wash watch water wave way we wear weather
week weight well went were west wet what wheel when where whether which while white who whole whose why wide wife wild
will win wind window winter wish with without woman wonder wood word work world worry would write wrong year yellow yes
yesterday yet you young your
""".split()


def sentences(n: int, seed: int = 1, min_words: int = 3, max_words: int = 60) -> Iterator[str]:
    """`n` sentences whose lengths are spread evenly over the range."""
    # random() alone, because Python promises its sequence for a seed and that of no other method.
    draw = random.Random(seed).random
    for _ in range(n):
        n_words = min_words + int(draw() * (max_words - min_words + 1))
        words = [WORDS[int(draw() * len(WORDS))] for _ in range(n_words)]
        yield " ".join(words).capitalize() + "."


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:]]
    if len(numbers) not in (1, 2, 4):
        sys.exit(__doc__)
    for sentence in sentences(*numbers):
        print(sentence)


if __name__ == "__main__":
    main()
