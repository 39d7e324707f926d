"""The English words that tell what somebody is: roles, and what stands before a name."""

from __future__ import annotations

HONORIFICS = frozenset(
    "mr mrs ms miss dr prof professor sir lord lady dame rev judge justice".split()
)
# A role in front of a name, or alone: "Commissioner ... Merzlyankova", "the minister".
ROLES = frozenset(
    """
    minister president chancellor premier governor mayor commissioner ombudsman senator deputy
    lawmaker councillor councilor secretary ambassador envoy spokesman spokeswoman spokesperson
    chief head director chairman chairwoman chair chairperson executive officer manager founder
    owner coach captain player judge prosecutor lawyer attorney solicitor barrister detective
    inspector sergeant colonel general major lieutenant commander admiral officer professor doctor
    researcher scientist economist analyst expert historian author writer editor reporter
    journalist correspondent activist campaigner organiser organizer leader member official
    representative witness resident farmer teacher student nurse driver worker engineer pastor
    bishop archbishop imam rabbi priest king queen prince princess defendant victim mother father
    brother sister husband wife son daughter neighbour neighbor treasurer curator rector dean
    principal superintendent sheriff marshal treasurer auditor adviser advisor aide insider source
    patient passenger survivor woman man boy girl customer worker parent tourist tenant voter
    administrator ceo congressman congresswoman rep sen gov negotiator mediator consultant
    biologist ecologist geologist hydrologist pathologist surgeon
    epidemiologist virologist psychologist architect developer landlord tenant fisherman skipper
    conductor pilot captain vicar sponsor investor shareholder trader banker singer tenor soprano
    actor actress artist painter sculptor composer musician poet novelist photographer filmmaker
    seller baker butcher tailor mechanic plumber electrician carpenter builder midwife surgeon
    dentist pharmacist veterinarian paramedic firefighter soldier sailor guard caretaker janitor
    clerk cashier bookkeeper accountant cleaner spokespeople dancer cook chef waiter waitress
    cyclist runner swimmer climber goalkeeper striker referee umpire trainer
    """.split()
)
# Many are called so, without being named as such before.
ANYBODY = frozenset("man woman boy girl".split())
# Who is called so without a name is the country's own, and not "the president of the bank".
RULERS = frozenset("president king queen premier".split())
# What stands before a first name, not a surname.
RANKS = frozenset(
    "king queen prince princess emperor empress sultan sheikh emir pope saint st sir dame".split()
)
WOMEN = frozenset(
    "mrs ms miss mother sister daughter queen chairwoman spokeswoman wife princess woman girl widow"
    " actress waitress congresswoman".split()
)
MEN = frozenset(
    "mr sir father brother son king prince chairman spokesman husband man boy widower fisherman"
    " congressman waiter".split()
)
# What an office, a company or another body is called without its name: "the agency said".
BODIES = frozenset(
    """
    academy administration agency army assembly association authority bank board bureau centre
    center chamber charity club coalition college commission committee company consortium
    corporation council court department federation firm force foundation fund group guild
    hospital institute institution league militia ministry mission movement museum newspaper office
    operator opera organisation organization panel parliament party regulator school senate
    service society team theatre tribunal trust union university watchdog
    """.split()
)
# Roles that a company or another body may have as well as a person.
SHARED = frozenset(
    """
    builder customer defendant developer founder investor landlord member owner seller shareholder
    source sponsor tenant trader
    """.split()
)
# What has a title, in front of it: "the film Jane Doe".
TITLED = frozenset(
    """
    album band boat book brand comic drama ferry film franchise game magazine movie musical novel
    opera painting play poem programme program sequel series ship show single sitcom song tanker
    trawler vessel yacht
    """.split()
)
# What tells something without being anybody.
DOCUMENTS = frozenset(
    """
    account article book data document email figure filing indictment law lawsuit leaflet letter
    memo note notice paper poll post record report research ruling source statement statistic
    study survey testimony transcript tweet verdict
    """.split()
)
