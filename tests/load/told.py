"""What channels were told of incidents: lost, doubled, or told under two ids."""

import collections

KINDS = ("incident.opened", "incident.resolved")


def account(received, incidents, channels):
    """Counts over all incidents, each of which every channel should hear from its opening to its end."""
    told = collections.defaultdict(list)
    for message in received:
        if message["incident"]:
            told[(message["path"], message["incident"]["id"], message["type"])].append(message["id"])
    found = dict.fromkeys(("lost", "doubled", "of other id", "of no incident"), 0)
    for channel in channels:
        for incident in incidents:
            for kind in KINDS:
                ids = told.pop((channel, incident, kind), [])
                found["lost"] += not ids
                found["doubled"] += max(0, len(ids) - 1)
                found["of other id"] += len(set(ids)) > 1
    found["of no incident"] = sum(incident not in incidents for _, incident, _ in told)
    return found


def broken(found):
    """What must never be; a message that comes twice under one id is allowed."""
    return [f"{count} messages {what}" for what, count in found.items() if count and what != "doubled"]
