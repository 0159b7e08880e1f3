/// gRPC on event loops.
enum GRPCEdgePlaceholder {}
