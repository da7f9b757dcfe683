/** Colors of faces; each face is told by its number, too. */
const COLORS = ["#ffd23f", "#5cc8ff", "#ff9ab5", "#8fe07a", "#c9adff", "#ffab5c"] as const;

/** @param face its number, from 1. */
export function colorOf(face: number): string {
  return COLORS[(face - 1) % COLORS.length] ?? COLORS[0];
}
