@_exported import Combine
import Foundation
import UIKit

@MainActor
public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}

extension Never: View {
    public var body: Never { fatalError("a stand-in shows nothing") }
}

@resultBuilder
public enum ViewBuilder {
    public static func buildBlock<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock<One: View, Other: View>(_ one: One, _ other: Other) -> Group<(One, Other)> { Group() }
}

public struct Group<Content>: View {
    nonisolated init() {}

    public var body: Never { fatalError("a stand-in shows nothing") }
}

public struct Modified: View {
    public var body: Never { fatalError("a stand-in shows nothing") }
}

public enum HorizontalAlignment { case leading, center, trailing }
public enum Alignment { case center, bottom }
public struct Font: Sendable {
    public static let title = Font()
    public static let body = Font()
}
public protocol ShapeStyle {}
public struct Material: ShapeStyle {}
extension ShapeStyle where Self == Material {
    public static var regularMaterial: Material { Material() }
}
public enum AccessibilityChildBehavior { case ignore, contain, combine }

extension View {
    public func ignoresSafeArea() -> some View { Modified() }
    public func padding() -> some View { Modified() }
    public func font(_ font: Font?) -> some View { Modified() }
    public func background<Style: ShapeStyle>(_ style: Style) -> some View { Modified() }
    public func accessibilityElement(children: AccessibilityChildBehavior) -> some View { Modified() }
    public func onDisappear(perform action: (() -> Void)? = nil) -> some View { Modified() }
    public func task(_ action: @escaping @Sendable () async -> Void) -> some View { Modified() }
}

public struct Text: View {
    public init(_ content: String) {}

    public var body: Never { fatalError("a stand-in shows nothing") }
}

public struct ZStack<Content: View>: View {
    public init(alignment: Alignment = .center, @ViewBuilder content: () -> Content) {}

    public var body: Never { fatalError("a stand-in shows nothing") }
}

public struct VStack<Content: View>: View {
    public init(alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {}

    public var body: Never { fatalError("a stand-in shows nothing") }
}

@propertyWrapper
public struct State<Value> {
    public let wrappedValue: Value

    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

@propertyWrapper
public struct StateObject<Object: ObservableObject> {
    public let wrappedValue: Object

    public init(wrappedValue: @autoclosure @escaping () -> Object) { self.wrappedValue = wrappedValue() }
}

@MainActor
public protocol UIViewRepresentable: View where Body == Never {
    associatedtype Shown: UIView
    typealias Context = RepresentableContext
    func makeUIView(context: Context) -> Shown
    func updateUIView(_ view: Shown, context: Context)
}

extension UIViewRepresentable {
    public var body: Never { fatalError("a stand-in shows nothing") }
}

public struct RepresentableContext {}
