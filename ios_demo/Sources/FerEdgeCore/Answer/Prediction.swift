/// A label and how probable it is.
public struct Guess: Equatable, Sendable {
    /// Of the contract.
    public let label: String
    /// 0 to 1.
    public let probability: Float
}

/// Probabilities of all emotions of one face.
public struct Prediction: Equatable, Sendable {
    /// In the order of the output.
    public let labels: [String]
    /// Of the labels, 0 to 1.
    public let probabilities: [Float]

    /// As many labels as probabilities.
    public init(labels: [String], probabilities: [Float]) {
        precondition(probabilities.count == labels.count, "\(probabilities.count) probabilities for \(labels.count) labels")
        self.labels = labels
        self.probabilities = probabilities
    }

    /// The most probable one; the earlier in label order of equals.
    public var label: String { top(1).first?.label ?? "" }

    /// The most probable labels, highest first; equals keep label order. The second guess matters: faces rarely show one
    /// emotion only.
    ///
    /// - Parameter count: how many; more than there are gives all of them.
    public func top(_ count: Int) -> [Guess] {
        probabilities.enumerated()
            .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }
            .prefix(max(count, 0))
            .map { Guess(label: labels[$0.offset], probability: $0.element) }
    }
}
