import Foundation

/// Turns logits into probabilities where they lie: computed in float64 with the largest value taken off first, so that nothing overflows.
///
/// - Parameter values: (labels) logits, finite; afterwards 0 to 1 with the sum 1.
public func softmax(_ values: inout [Float]) {
    guard let largest = values.max() else { return }
    var sum = 0.0
    for value in values { sum += exp(Double(value) - Double(largest)) }
    for index in values.indices { values[index] = Float(exp(Double(values[index]) - Double(largest)) / sum) }
}
