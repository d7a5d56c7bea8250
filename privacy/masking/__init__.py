"""Sums of masked vectors: whoever adds them up learns the total over named sites, and no site's own vector.

The protocol is the one of Bonawitz et al. 2017 (eprint 2017/281) for servers that may cheat, over the integers modulo 2^64:

1. `advert`   each site makes two X25519 keys for this round and signs them;
2. `deal`     each site sees the signed roster, splits two secrets among all its members (Shamir) and seals the parts to them;
3. `mask`     each site adds to its vector one mask per pair of sites, which cancel in the total, and one of its own;
4. `agree`    each site signs which sites' vectors are in the total, once;
5. `reveal`   shown enough such signatures, sites hand out parts of the own masks of those who stayed, or of the pair keys
              of those who left, never of both for one site;
6. `unmask`   whoever adds up puts the parts together, checks each secret against what was promised, and removes the masks.

Everything is bound to one transcript: SHA-256 over run, round, spec, queries, share of the budget, threshold and roster.
"""
