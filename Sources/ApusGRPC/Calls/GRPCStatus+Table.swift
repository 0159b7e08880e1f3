internal import ApusCore
internal import ApusListener
internal import GRPCCore

extension GRPCStatusTable {
    /// How a call ends that failed.
    static func status(of error: InferenceError) -> GRPCStatus {
        GRPCStatus(GRPCStatus.Code(rawValue: code(of: error.code).rawValue) ?? .unknown, error.message)
    }

    /// The status of HTTP that counts a gRPC status: both edges share one metric.
    static func httpStatus(of code: GRPCStatus.Code) -> Int {
        httpStatus(of: Status.Code(rawValue: code.rawValue).flatMap { RPCError.Code($0) })
    }
}
