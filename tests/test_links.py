"""Who says what in one sentence: the cues that attribute, and their speakers."""

from __future__ import annotations

import pytest

from ragtool.links import find
from ragtool.records import Span

# sentence, (speaker, cue) for everything that it attributes
SAID = [
    ("The ministry in May said the bridge was safe.", [("The ministry", "said")]),
    ("She added, “We must go.”", [("She", "added")]),
    ("“It works”, adds Olivier Bosch, who runs it.", [("Olivier Bosch", "adds")]),
    ("Some have called it the “Belfast of the east”.", [("Some", "called")]),
    ("Big Machine have twice denied doing wrong.", [("Big Machine", "denied")]),
    ("Clark in October revealed plans to grow.", [("Clark", "revealed")]),
    ("The road was closed, the mayor added.", [("the mayor", "added")]),
    ("The mayor added the road was closed.", [("The mayor", "added")]),
    ("The road, the mayor added, was closed.", [("the mayor", "added")]),
    ("“Stay away,” he added.", [("he", "added")]),
    (
        "Matt Marlowe, equity strategist at Castle & Finch, says the stock could be a risky bet.",
        [("Matt Marlowe", "says")],
    ),
    (
        "Hanna Lund, asked the same thing an hour later, said that people should wait.",
        [("Hanna Lund", "said")],
    ),
    (
        "Tarik Ozan, reached at an airport, confirmed the dinner but not the talk.",
        [("Tarik Ozan", "confirmed")],
    ),
    (
        "A figure had been mentioned, Ulrich Ader told the Lantern, “by a consultant”.",
        [("Ulrich Ader", "told")],
    ),
    ("He maintains that the bridge is safe.", [("He", "maintains")]),
    (
        "The bridge is closed, the Tribune wrote, citing two officials.",
        [("the Tribune", "wrote"), ("two officials", "citing")],
    ),
    ("“It works,” Ford and Fry replied.", [("Ford and Fry", "replied")]),
    (
        "Paganini and his team wrote in the paper that the ice is thin.",
        [("Paganini and his team", "wrote")],
    ),
    (
        "As both Northline and the Tribune have reported, the bridge is closed.",
        [("Northline and the Tribune", "reported")],
    ),
    ("“Not now,” she responded.", [("she", "responded")]),
    ("“Nobody came,” she recalled.", [("she", "recalled")]),
    ("“Nobody came,” recalled Ruth Berg.", [("Ruth Berg", "recalled")]),
    (
        "Olga Marin thought the committee was shouting at the wrong witness.",
        [("Olga Marin", "thought")],
    ),
    ("Olga Marin thought voters would reject it.", [("Olga Marin", "thought")]),
    ("The researchers believe their investment has paid off.", [("The researchers", "believe")]),
    (
        'In a post at the time she described this as the "worst case" and accused him of bullying.',
        [("she", "described"), ("she", "accused")],
    ),
    ("One resident wondered why the state had bothered.", [("One resident", "wondered")]),
    (
        "The campaign manager, Wendell Ames, called the allegation a bedtime story.",
        [("Wendell Ames", "called")],
    ),
    (
        "The militia, by the governor's account, boasted that it would win.",
        [("The militia", "boasted"), ("the governor", "account")],
    ),
    ("It is an “open field,” as one start-up CEO told me.", [("one start-up CEO", "told")]),
    (
        "This came from the Vell Morning, which reported that the governor said guards fled.",
        [("the Vell Morning", "reported"), ("the governor", "said")],
    ),
    ("The lawyer spoke to Ada Okoro, who said that the road was closed.", [("Ada Okoro", "said")]),
    (
        'In an e-mail to staff he described the pages as "shared", and wrote that she was paid.',
        [("he", "described"), ("he", "wrote")],
    ),
    ("“I can say that nobody knew,” he said.", [("he", "said")]),
    ("The deal closed on Monday, according to the ministry.", [("the ministry", "according to")]),
    (
        "Ms Berg said the fund was empty, adding that the bank knew.",
        [("Berg", "said"), ("Berg", "adding")],
    ),
    ("In Lisbon, thousands marched, said Jane Doe.", [("Jane Doe", "said")]),
    ("The town was flooded, said mayor Jane Doe.", [("Jane Doe", "said")]),
    ("The mayor and her deputy said that it was late.", [("The mayor and her deputy", "said")]),
    ("He met Ada Okoro and the mayor said it was late.", [("the mayor", "said")]),
    ("The bill was, the mayor said, a joke.", [("the mayor", "said")]),
    ("Residents have reported seeing wolves.", [("Residents", "reported")]),
    ("The death was reported by the Tribune on Monday.", [("the Tribune", "reported")]),
    ("“Stay at home,” the governor urged.", [("the governor", "urged")]),
    ("“Stay at home,” urged the governor.", [("the governor", "urged")]),
    ("Okoro said by phone that she was well.", [("Okoro", "said")]),
    (
        "Northline reported, citing a police source, that two men fled.",
        [("Northline", "reported"), ("a police source", "citing")],
    ),
    ("In Ada Okoro's view, the road is closed.", [("Ada Okoro", "view")]),
    ("By his own account, nobody came.", [("his", "account")]),
    ("In the words of the mayor, nobody came.", [("the mayor", "words")]),
    (
        "In the bank's first statement that the fund was empty, nobody believed.",
        [("the bank", "statement")],
    ),
    ("The bank's claim that the fund was empty proved false.", [("The bank", "claim")]),
    (
        "The find was a splendid, groundbreaking piece of work, says Jennifer Plum, a physicist.",
        [("Jennifer Plum", "says")],
    ),
    ("Prices rose, wages fell, said Jane Doe.", [("Jane Doe", "said")]),
    ("“Good work,” judge Ina Bell noted.", [("Ina Bell", "noted")]),
    ("The show was revealed by the artist's death.", [("the artist's death", "revealed")]),
    ("Republican state schools chief Jenny Cole has cited a study.", [("Jenny Cole", "cited")]),
    (
        "Jeff Sand, president of Chapter & Verse, a Spokane design agency, said it was late.",
        [("Jeff Sand", "said")],
    ),
    (
        "The authors of the research published in the journal Nova Medica argued that it was late.",
        [("The authors of the research published in the journal Nova Medica", "argued")],
    ),
    ("The company's report claims that the dam is safe.", [("The company's report", "claims")]),
    ("The paper reports that the dam is safe.", [("The paper", "reports")]),
    ("The mayor of Harrow claims that the dam is safe.", [("The mayor of Harrow", "claims")]),
    ("Ada Okoro, who heads the union, claims that the dam is safe.", [("Ada Okoro", "claims")]),
    ("She called the plan “absurd”.", [("She", "called")]),
    ("“It works,” comments John Stone in a statement.", [("John Stone", "comments")]),
    ("The sites were disinfected, reports Reuters.", [("Reuters", "reports")]),
    (
        "He describes them as “exciting,” but cautions that it is early.",
        [("He", "describes"), ("He", "cautions")],
    ),
    ("The firm denied claims made in a viral Weibo post that named it.", [("The firm", "denied")]),
    ("Ford and Fry claim that it is late.", [("Ford and Fry", "claim")]),
    ("Police claim that it is late.", [("Police", "claim")]),
    (
        "There could hardly be one, observed the state's commissioner.",
        [("the state's commissioner", "observed")],
    ),
    (
        "The road was closed, as the head of the works, Cosmo Bern, had to admit.",
        [("Cosmo Bern", "admit")],
    ),
    (
        "Two people close to the fund put it at 60 million.",
        [("Two people close to the fund", "put")],
    ),
    ("An adviser to the king said that it was late.", [("An adviser to the king", "said")]),
    (
        "A guard posted at the gate, who did not wish to be named, said that it was late.",
        [("A guard posted at the gate", "said")],
    ),
    ("In the lower town people complained that it was late.", [("people", "complained")]),
    ("The captain, from a hospital bed, said that it was late.", [("The captain", "said")]),
    ("10:09 Achard: “The deficit is 4 per cent.”", [("Achard", ":")]),
    ("The gates had been open, he recalled.", [("he", "recalled")]),
    ("The gates, he recalled, had been open.", [("he", "recalled")]),
    ("He expects inflation to fall by June.", [("He", "expects")]),
    ("The operator, Tarrow Line, put the damage at 400,000 crowns.", [("Tarrow Line", "put")]),
    ("Inspector Manny Escarra asked him whether a wall was safe.", [("Manny Escarra", "asked")]),
    ("He thanked the museum but regretted that the rest would stay.", [("He", "regretted")]),
    ("She ruled out a sale of the lease.", [("She", "ruled")]),
]

# sentences whose verbs and nouns of saying attribute nothing
NOT_SAID = [
    "It came from people at the bank, who said it was late.",
    "The talks won what they might not otherwise have agreed to.",
    "Connor Clift added a goal as his side won.",
    "There were 3,248 cases reported worldwide.",
    "You should not deny yourself a treat.",
    "It keeps the farms happy, which holds appeal for voters.",
    "Ben Patt added to his collection of titles.",
    "It is the first of several sets called the “Master Series”.",
    "Dear Nora is written by Paula Finch, also known as Jane Phelps.",
    "That’s the optimistic view of the bank.",
    "The envoys met in Doha, where the group maintains a political office.",
    "The president scuttled the talks in September, citing rebel violence.",
    "They waited until the administration would agree to a meeting.",
    "They had 18 times the number of cells previously reported.",
    "A minority of them have responded with violence.",
    "Somebody tried to remove all mention of her.",
    "The boy called a taxi.",
    '"What Milo says goes for me too."',
    "The pact was agreed in March and has not been mentioned since.",
    "It could confirm the sale next week.",
    "The fund is empty, adding to a series of problems.",
    "The mayor's words drew a crowd.",
    "Her view of the sea was fine.",
    "Her fears have been realised.",
    "The gaps revealed by the flood are wide.",
    "People in the state who have reported using it are few.",
    "It depends on whether he believes it will help.",
    "NASA's office of safety released two highly critical reports that showed delays.",
    "Preliminary reports do not show a fire.",
    "One of my top requests to the clerk is to hurry.",
    "One of the cards, a poem called “Winter Night”, won a prize.",
    "He ran along the wall and found the gate.",
    "After the storm, the wall held.",
    "Spokesmen to the left of him waved.",
]


@pytest.mark.parametrize(("sentence", "expected"), SAID)
def test_everything_that_is_said_has_its_speaker(
    sentence: str, expected: list[tuple[str, str]]
) -> None:
    found = find(sentence, Span(0, len(sentence)))
    assert sorted((one.who.name.of(sentence), one.cue) for one in found) == sorted(expected)


@pytest.mark.parametrize("sentence", NOT_SAID)
def test_what_nobody_says_has_no_speaker(sentence: str) -> None:
    assert find(sentence, Span(0, len(sentence))) == []
