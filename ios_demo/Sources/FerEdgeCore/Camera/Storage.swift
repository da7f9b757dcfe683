/// A block of numbers that lives as long as its owner. Inner loops run over its pointer; an `Array` checks bounds and uniqueness at each step.
final class Storage<Number> {
    let start: UnsafeMutablePointer<Number>
    let count: Int

    convenience init(repeating value: Number, count: Int) {
        self.init(uninitialized: count)
        start.initialize(repeating: value, count: count)
    }

    convenience init(_ numbers: [Number]) {
        self.init(uninitialized: numbers.count)
        start.initialize(from: numbers, count: count)
    }

    private init(uninitialized count: Int) {
        start = .allocate(capacity: max(count, 1))
        self.count = count
    }

    deinit { start.deallocate() }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: count * MemoryLayout<Number>.stride)
    }
}
