package io.github.feredge.graphics

/**
 * Two pictures, channel by channel.
 *
 * @property values how many color values differ.
 * @property largest difference in levels of 255.
 */
internal class Difference(
    first: IntArray,
    second: IntArray,
) {
    val values: Int
    val largest: Int

    init {
        require(first.size == second.size) { "${first.size} pixels against ${second.size}" }
        var count = 0
        var most = 0
        for (index in first.indices) {
            if (first[index] == second[index]) continue
            for (shift in intArrayOf(0, 8, 16)) {
                val distance = Math.abs((first[index] shr shift and 255) - (second[index] shr shift and 255))
                if (distance > 0) count++
                most = Math.max(most, distance)
            }
        }
        values = count
        largest = most
    }
}
