import ApusS3
import ApusStorage
import Testing

@Suite
struct S3StoreConfigurationTests {
    @Test
    func `an address alone is AWS, by virtual host`() throws {
        let store = try store("s3://models/prod/a/")
        #expect(store.bucket == "models" && store.prefix == "prod/a" && store.region == "us-east-1")
        #expect(place(store, "x y") == "https://models.s3.us-east-1.amazonaws.com/x%20y")
        #expect(store.sendsChecksums)
    }

    @Test(arguments: [
        ("http://127.0.0.1:9000", "b-1", "http://127.0.0.1:9000/b-1/k"),
        ("http://[::1]:9000/", "b-1", "http://[::1]:9000/b-1/k"),
        ("http://localhost:9000", "b-1", "http://localhost:9000/b-1/k"),
        ("http://minio:9000", "b-1", "http://minio:9000/b-1/k"),
        ("http://minio.store.svc.cluster.local:9000", "b-1", "http://minio.store.svc.cluster.local:9000/b-1/k"),
        ("https://s3.example.org/base/", "b-1", "https://b-1.s3.example.org/base/k"),
        ("https://s3.example.org", "b.1", "https://s3.example.org/b.1/k"),
        ("https://s3.example.org", "B_1", "https://s3.example.org/B_1/k"),
        ("https://s3.oss-cn-hangzhou.aliyuncs.com", "b-1", "https://b-1.s3.oss-cn-hangzhou.aliyuncs.com/k"),
        ("https://storage.googleapis.com", "b-1", "https://b-1.storage.googleapis.com/k"),
    ])
    func `the bucket stands where it can`(endpoint: String, bucket: String, expected: String) throws {
        let store = try store("s3://\(bucket)", ["AWS_ENDPOINT_URL": endpoint])
        #expect(place(store, "k") == expected)
        #expect(!store.sendsChecksums)
    }

    @Test
    func `variables go before each other in the usual order`() throws {
        let region = try store("s3://bkt", ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"])
        #expect(place(region, "k") == "https://bkt.s3.eu-west-1.amazonaws.com/k")
        #expect(try store("s3://bkt", ["AWS_DEFAULT_REGION": "cn-north-1"]).endpoint.isAWS)
        let both = ["AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b"]
        #expect(place(try store("s3://bkt", both), "k") == "http://b/bkt/k")
        let forced = both.merging(["APUS_S3_ADDRESSING": "virtual"]) { $1 }
        #expect(place(try store("s3://bkt", forced), "k") == "http://bkt.b/k")
        #expect(
            place(try store("s3://bkt", ["APUS_S3_ADDRESSING": "path"]), "") == "https://s3.us-east-1.amazonaws.com/bkt"
        )
        #expect(try store("s3://bkt", ["AWS_ENDPOINT_URL": "https://storage.googleapis.com"]).region == "auto")
        #expect(try !store("s3://bkt", ["AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"]).sendsChecksums)
    }

    @Test
    func `a profile gives region, endpoint and addressing`() throws {
        let config = """
            # a comment
            [default]
            region = wrong
            [profile  lab]
            region = eu-north-1 ; here
            endpoint_url = http://s3.lab.example
            s3 =
                addressing_style = path
            """
        let variables = ["AWS_PROFILE": "lab", "HOME": "/home/me"]
        let store = try store("s3://bkt", variables, files: ["/home/me/.aws/config": config])
        #expect(store.region == "eu-north-1" && place(store, "k") == "http://s3.lab.example/bkt/k")
        let error = failure { try self.store("s3://bkt", variables) }
        #expect(error?.code == .invalid && error?.message.contains("AWS_PROFILE is \"lab\"") == true)
    }

    @Test(arguments: [
        ("http://bucket", [:], "s3://bucket"), ("s3://", [:], "bucket"), ("s3://a", [:], "3 to 255"),
        ("s3://b?x/y", [:], "letters"), ("s3://bucket/a//b", [:], "single slashes"), ("s3://bucket/../x", [:], "'..'"),
        ("s3://bucket", ["AWS_ENDPOINT_URL": "minio:9000"], "AWS_ENDPOINT_URL is \"minio:9000\""),
        ("s3://bucket", ["AWS_ENDPOINT_URL_S3": "http://a b"], "expected http"),
        ("s3://bucket", ["AWS_ENDPOINT_URL": "http://user:pw@host"], "expected http"),
        ("s3://bucket", ["AWS_ENDPOINT_URL": "http://host:99999"], "expected http"),
        ("s3://bucket", ["APUS_S3_ADDRESSING": "both"], "auto, path or virtual"),
        ("s3://bucket", ["APUS_S3_ANONYMOUS": "maybe"], "expected 1 or 0"),
        ("s3://bucket", ["AWS_REQUEST_CHECKSUM_CALCULATION": "x"], "when_supported"),
    ])
    func `what can't be right is named`(address: String, variables: [String: String], words: String) {
        let error = failure { try store(address, variables) }
        #expect(error?.code == .invalid && error?.message.contains(words) == true, "\(error?.message ?? "no error")")
    }

    private func store(
        _ address: String,
        _ environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> S3Store.Configuration {
        try S3StoreConfiguration(
            address: address,
            surroundings: Surroundings(environment: environment) { files[$0].map { Array($0.utf8) } },
            connections: TestConnections.shared
        ).store
    }

    private func place(_ store: S3Store.Configuration, _ key: String) -> String {
        let (origin, path) = store.endpoint.place(bucket: store.bucket, key: key)
        return "\(origin)\(path)"
    }
}
