import CoreML

/// iOS 16 and newer; drag the package into Xcode, which compiles it, and `labels.txt` beside it.
final class Emotions {
    private let model: MLModel
    private let labels: [String]

    init() throws {
        model = try MLModel(contentsOf: Bundle.main.url(forResource: "fer-mini-fp16", withExtension: "mlmodelc")!)
        let text = try String(contentsOf: Bundle.main.url(forResource: "labels", withExtension: "txt")!, encoding: .utf8)
        labels = text.split(separator: "\n").map(String.init)
    }

    /// `tensor`: what the camera path gives, float32 in the order channels, rows, columns; likeliest first.
    func read(_ tensor: [Float], shape: [NSNumber]) throws -> [(label: String, probability: Float)] {
        let input = try MLMultiArray(shape: shape, dataType: .float32)
        for (index, value) in tensor.enumerated() { input[index] = NSNumber(value: value) }
        let answer = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: ["image": input]))
        let scores = answer.featureValue(for: "probabilities")!.multiArrayValue!
        return labels.indices.map { (labels[$0], scores[$0].floatValue) }.sorted { $0.1 > $1.1 }
    }
}
