"""From a visit to a link: the start token, Meta's click identifiers, the visitor, people and machines, the waterfall."""
