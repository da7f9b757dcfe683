"""Seeded conversion faults: what ``mutation_score`` plants in right files, and how it asks whether they are seen.

``edit`` says what a file under edit is, one reader a format beside it; ``weights`` and ``conversion`` hold the faults, ``subjects`` the
networks with their right files, ``judging`` asks the checks, ``truth`` whether a fault matters, ``scoring`` counts.
"""
