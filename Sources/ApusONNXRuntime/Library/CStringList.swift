internal import Glibc

/// Strings with fixed addresses, in the form in which C functions take lists of names.
///
/// Unchecked because of its pointers, which are constant.
@safe final class CStringList: @unchecked Sendable {
    /// One address for each string.
    let pointers: UnsafePointer<UnsafePointer<CChar>?>
    /// How many there are.
    let count: Int

    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>

    /// Copies the strings.
    init(_ strings: [String]) {
        unsafe storage = .allocate(capacity: max(1, strings.count))
        for (index, string) in strings.enumerated() {
            unsafe (storage + index).initialize(to: UnsafePointer(strdup(string)))
        }
        unsafe pointers = UnsafePointer(storage)
        count = strings.count
    }

    deinit {
        for index in 0..<count { unsafe free(UnsafeMutablePointer(mutating: storage[index])) }
        unsafe storage.deallocate()
    }
}
