"""Before anybody takes part: the dialogues of all arms, and the items made of them."""
