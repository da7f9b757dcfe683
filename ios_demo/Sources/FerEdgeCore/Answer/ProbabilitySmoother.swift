/// Steadies the answers for one face over time: an exponential average that counts seconds, not frames, so that a slow
/// phone shows the same as a fast one.
///
/// After a half life an old answer has half of its weight. The numbers are those of Python's, Kotlin's and TypeScript's
/// smoothers: only additions, multiplications and divisions, which every language rounds alike; `pow` is not.
public struct ProbabilitySmoother: Sendable {
    /// The average in label order.
    public private(set) var average: [Float]
    private let halfLifeSeconds: Double
    private let resetSeconds: Double
    private var lastNanos: Int64 = 0
    private var isEmpty = true

    /// - Parameters:
    ///   - labels: how many probabilities an answer has, at least 1.
    ///   - halfLifeSeconds: above 0; 0.15 to 0.4 look calm without lagging.
    ///   - resetSeconds: an answer that comes later than this starts anew.
    public init(labels: Int, halfLifeSeconds: Double = 0.25, resetSeconds: Double = 1) {
        precondition(labels >= 1, "\(labels) labels; allowed: at least 1")
        precondition(
            halfLifeSeconds > 0 && halfLifeSeconds.isFinite && resetSeconds > 0,
            "half life is \(halfLifeSeconds) s and reset \(resetSeconds) s; allowed: above 0")
        self.halfLifeSeconds = halfLifeSeconds
        self.resetSeconds = resetSeconds
        average = [Float](repeating: 0, count: labels)
    }

    /// Adds an answer.
    ///
    /// - Parameters:
    ///   - probabilities: (labels).
    ///   - timestampNanos: of its frame, on any clock that runs forward.
    /// - Returns: `average`; nothing is allocated, unless an earlier one was kept.
    @discardableResult
    public mutating func update(_ probabilities: [Float], timestampNanos: Int64) -> [Float] {
        precondition(
            probabilities.count == average.count, "\(probabilities.count) probabilities; allowed: \(average.count)")
        let seconds = Double(timestampNanos &- lastNanos) / 1e9
        let isNew = isEmpty || seconds < 0 || seconds > resetSeconds
        let kept = isNew ? 0 : halfToThe(seconds / halfLifeSeconds)
        for index in average.indices {
            average[index] = Float(kept * Double(average[index]) + (1 - kept) * Double(probabilities[index]))
        }
        lastNanos = timestampNanos
        isEmpty = false
        return average
    }

    /// Forgets everything: another face.
    public mutating func reset() { isEmpty = true }
}

/// 0.5 to the power of 0 or more: the whole part by halving, the rest by the series of exp(-x).
private func halfToThe(_ exponent: Double) -> Double {
    if exponent >= forgotten { return 0 }
    let whole = Int(exponent)
    let rest = (exponent - Double(whole)) * 0.6931471805599453
    var power = 1.0
    for term in stride(from: terms, to: 0, by: -1) { power = 1 - rest / Double(term) * power }
    for _ in 0..<whole { power *= 0.5 }
    return power
}

/// Of the series of exp(-x): the next one is below 1e-18 for x up to ln 2.
private let terms = 17

/// Half lives after which nothing is left that a `Float` could show.
private let forgotten = 64.0
