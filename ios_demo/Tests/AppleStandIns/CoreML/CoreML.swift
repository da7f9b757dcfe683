import CoreVideo
import Foundation

public struct MLModelMetadataKey: RawRepresentable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let creatorDefinedKey = MLModelMetadataKey(rawValue: "MLModelCreatorDefinedKey")
}

public enum MLMultiArrayDataType: Int {
    case float16
    case float32
    case double
    case int32
}

public class MLMultiArray: NSObject {
    public let dataPointer: UnsafeMutableRawPointer
    public let dataType: MLMultiArrayDataType
    public let shape: [NSNumber]
    public let strides: [NSNumber]
    private let deallocator: ((UnsafeMutableRawPointer) -> Void)?

    public init(
        dataPointer: UnsafeMutableRawPointer, shape: [NSNumber], dataType: MLMultiArrayDataType, strides: [NSNumber],
        deallocator: ((UnsafeMutableRawPointer) -> Void)? = nil
    ) throws {
        self.dataPointer = dataPointer
        self.shape = shape
        self.dataType = dataType
        self.strides = strides
        self.deallocator = deallocator
    }

    deinit { deallocator?(dataPointer) }

    public var count: Int { shape.reduce(1) { $0 * $1.intValue } }

    /// Of float32, the last axis counted by its stride.
    public subscript(index: Int) -> NSNumber {
        NSNumber(value: dataPointer.assumingMemoryBound(to: Float.self)[index * strides.last!.intValue])
    }
}

public class MLFeatureValue: NSObject {
    public let multiArrayValue: MLMultiArray?

    public init(multiArray value: MLMultiArray) { multiArrayValue = value }
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for featureName: String) -> MLFeatureValue?
}

public class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {
    private let values: [String: Any]

    public init(dictionary: [String: Any]) throws { values = dictionary }

    public var featureNames: Set<String> { Set(values.keys) }

    public func featureValue(for featureName: String) -> MLFeatureValue? { values[featureName] as? MLFeatureValue }
}

public class MLMultiArrayConstraint: NSObject {
    public let shape: [NSNumber]
    public let dataType: MLMultiArrayDataType

    public init(shape: [NSNumber], dataType: MLMultiArrayDataType) { (self.shape, self.dataType) = (shape, dataType) }
}

public class MLFeatureDescription: NSObject {
    public let multiArrayConstraint: MLMultiArrayConstraint?

    public init(_ constraint: MLMultiArrayConstraint?) { multiArrayConstraint = constraint }
}

public class MLModelDescription: NSObject {
    public var inputDescriptionsByName: [String: MLFeatureDescription] = [:]
    public var outputDescriptionsByName: [String: MLFeatureDescription] = [:]
    public var metadata: [MLModelMetadataKey: Any] = [:]
}

public class MLModelConfiguration: NSObject {}

/// What a test says it is: `make` opens a file, `compile` makes the file.
public class MLModel: NSObject {
    public static var make: (URL) throws -> MLModel = { _ in fatalError("no stand-in was set") }
    public static var compile: (URL) throws -> URL = { _ in fatalError("no stand-in was set") }

    public let modelDescription: MLModelDescription
    private let answer: (MLFeatureProvider) throws -> MLFeatureProvider

    public init(_ description: MLModelDescription, answer: @escaping (MLFeatureProvider) throws -> MLFeatureProvider) {
        modelDescription = description
        self.answer = answer
    }

    public convenience init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        let model = try Self.make(url)
        self.init(model.modelDescription, answer: model.answer)
    }

    public class func compileModel(at url: URL) async throws -> URL { try compile(url) }

    public func prediction(from input: MLFeatureProvider) throws -> MLFeatureProvider { try answer(input) }
}
