/// From a model's output to probabilities: dequantized where the output is quantized, softmax where it is logits.
///
/// Made once for each model. Nothing is allocated later, unless an earlier answer was kept. Not for use by several threads at once.
public final class OutputReader {
    /// The last answer in label order, 0 to 1.
    public private(set) var probabilities: [Float]
    private let contract: Contract
    private let type: ElementType

    /// - Parameters:
    ///   - contract: of the model.
    ///   - type: of the output's elements as the engine reports it.
    /// - Throws: `ModelError`, the contract's quantization does not explain that type.
    public init(_ contract: Contract, type: ElementType) throws {
        try contract.checkOutput(type: type)
        self.contract = contract
        self.type = type
        probabilities = [Float](repeating: 0, count: contract.labels.count)
    }

    /// Reads what the engine left.
    ///
    /// - Parameter output: one element a label, in the machine's byte order.
    /// - Returns: `probabilities`.
    /// - Throws: `ModelError`, another number of elements, or a value that is NaN or infinite.
    @discardableResult
    public func read(_ output: UnsafeRawBufferPointer) throws -> [Float] {
        try contract.checkOutput(count: output.count / type.bytes)
        for index in probabilities.indices {
            let found = value(output, index)
            guard found.isFinite else {
                throw ModelError(
                    "model \(contract.model) answers \(found) for \(contract.labels[index]); allowed: finite numbers; take "
                        + "another variant", .notFinite)
            }
            probabilities[index] = found
        }
        if contract.output.kind == .logits { softmax(&probabilities) }
        return probabilities
    }

    private func value(_ output: UnsafeRawBufferPointer, _ index: Int) -> Float {
        guard let parameters = contract.outputQuantization else {
            return output.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
        }
        let stored = output[index]
        let integer = type == .uint8 ? Int(stored) : Int(Int8(bitPattern: stored))
        return Float(Double(integer - parameters.zeroPoint) * parameters.scale)
    }
}
