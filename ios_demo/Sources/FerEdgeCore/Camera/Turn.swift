/// Step 3 of the camera specification: how upright coordinates address the frame as it was stored.
///
/// Clockwise by 90: upright (x, y) is stored (y, height-1-x); 180: (width-1-x, height-1-y); 270: (width-1-y, x).
enum Turn {
    case none
    case quarter
    case half
    case threeQuarters

    init(rotation: Int) throws {
        switch rotation {
        case 0: self = .none
        case 90: self = .quarter
        case 180: self = .half
        case 270: self = .threeQuarters
        default: throw FrameError("rotation is \(rotation); allowed: 0, 90, 180, 270", .rotation)
        }
    }

    /// Upright x runs along the stored rows.
    var isSwapped: Bool { self == .quarter || self == .threeQuarters }

    /// Upright x runs against its stored axis.
    var isXReversed: Bool { self == .quarter || self == .half }

    /// Upright y runs against its stored axis.
    var isYReversed: Bool { self == .half || self == .threeQuarters }
}
