import ApusS3
import ApusStorage
import ApusTesting
import Synchronization
import Testing

@Suite
struct CredentialsTests {
    private let document = """
        {"Code":"Success","AccessKeyId":"AK","SecretAccessKey":"canary-secret","Token":"canary-token",
        "Expiration":"2030-01-01T00:00:00Z"}
        """

    @Test
    func `the environment comes first, whole or not at all`() throws {
        let found = try EnvironmentCredentials(environment: [
            "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "sk", "AWS_SESSION_TOKEN": " st\n",
        ]).load()
        #expect(found?.accessKeyID == "AK" && found?.secretKey.reveal == "sk" && found?.sessionToken?.reveal == "st")
        #expect(try EnvironmentCredentials(environment: [:]).load() == nil)
        #expect(code { try EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": "AK"]).load() } == .invalid)
    }

    @Test
    func `a web identity is exchanged without a signature`() throws {
        let seen = Mutex<FakeRequest?>(nil)
        let server = try FakeServer { request in
            seen.withLock { $0 = request }
            let answer = """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AK</AccessKeyId>
                <SecretAccessKey>canary-secret</SecretAccessKey><SessionToken>canary-token</SessionToken>
                <Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
                </AssumeRoleWithWebIdentityResponse>
                """
            return FakeAnswer(body: Array(answer.utf8))
        }
        let variables = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
            "AWS_ENDPOINT_URL_STS": server.url,
        ]
        let found = try webIdentity(variables, files: ["/token": "ey.J+/=\n"]).load()
        #expect(found?.accessKeyID == "AK" && found?.sessionToken?.reveal == "canary-token")
        #expect(found?.expires == CalendarTime(iso8601: "2030-01-01T00:00:00Z"))
        let request = try #require(seen.withLock { $0 })
        #expect(request.method == "POST" && request.target == "/" && request["authorization"] == nil)
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
                + "&RoleSessionName=apus&WebIdentityToken=ey.J%2B%2F%3D"
        )
        #expect(code { try webIdentity(variables, files: [:]).load() } == .denied)
        #expect(code { try webIdentity(["AWS_WEB_IDENTITY_TOKEN_FILE": "/token"], files: [:]).load() } == .invalid)
        #expect(try webIdentity([:], files: [:]).load() == nil)
    }

    @Test
    func `a refusal by STS is told without the token`() throws {
        let server = try FakeServer { request in
            let echo = String(decoding: request.body, as: UTF8.self).replacing("&", with: " ")
            let body =
                "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>\(echo)</Message></Error></ErrorResponse>"
            return FakeAnswer(status: 400, body: Array(body.utf8))
        }
        let variables = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "r", "AWS_ENDPOINT_URL_STS": server.url,
        ]
        let error = failure { try webIdentity(variables, files: ["/token": "canary"]).load() }
        #expect(error?.code == .denied && error?.message.contains("InvalidIdentityToken") == true)
        #expect(error.map { "\($0) \($0.message)" }?.contains("canary") == false)
    }

    @Test
    func `a container's server is asked with the token of its file, and only where that is safe`() throws {
        let seen = Mutex<FakeRequest?>(nil)
        let document = document
        let server = try FakeServer { request in
            seen.withLock { $0 = request }
            return FakeAnswer(body: Array(document.utf8))
        }
        let variables = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/v1/creds?x=1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t",
        ]
        let found = try container(variables, files: ["/t": "container-token\n"]).load()
        #expect(found?.accessKeyID == "AK" && found?.secretKey.reveal == "canary-secret")
        let request = try #require(seen.withLock { $0 })
        #expect(request.target == "/v1/creds?x=1" && request["authorization"] == "container-token")
        #expect(code { try container(variables, files: [:]).load() } == .denied)
        #expect(code { try container(variables, files: ["/t": "a\r\nb: c"]).load() } == .invalid)
        #expect(try container([:], files: [:]).load() == nil)
        let elsewhere = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.org/creds"]
        #expect(failure { try container(elsewhere, files: [:]).load() }?.message.contains("https only") == true)
    }

    @Test
    func `an instance is asked by the second version of its protocol only`() throws {
        let document = document
        let seen = Mutex<[String]>([])
        let server = try FakeServer { request in
            seen.withLock { $0.append("\(request.method) \(request.target)") }
            if request.method == "PUT" {
                #expect(request["x-aws-ec2-metadata-token-ttl-seconds"] == "21600")
                return FakeAnswer(body: Array("imds-token".utf8))
            }
            guard request["x-aws-ec2-metadata-token"] == "imds-token" else { return FakeAnswer(status: 401) }
            return FakeAnswer(body: Array((request.target.hasSuffix("/") ? "my-role\n" : document).utf8))
        }
        let found = try instance(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url]).load()
        #expect(found?.accessKeyID == "AK")
        #expect(
            seen.withLock { $0 } == [
                "PUT /latest/api/token", "GET /latest/meta-data/iam/security-credentials/",
                "GET /latest/meta-data/iam/security-credentials/my-role",
            ]
        )
        let off = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "AWS_EC2_METADATA_DISABLED": "true"]
        #expect(try instance(off).load() == nil)
        #expect(seen.withLock { $0.count } == 3)
    }

    @Test
    func `an instance whose role would lead elsewhere isn't followed`() throws {
        let server = try FakeServer { request in
            FakeAnswer(body: Array((request.method == "PUT" ? "t" : "../../x?y").utf8))
        }
        #expect(code { try instance(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url]).load() } == .damaged)
    }

    @Test
    func `a profile's keys are read, and what isn't supported is named`() throws {
        let files = [
            "/c": "[a]\naws_access_key_id=AK\naws_secret_access_key = s/k+=\n[b]\nregion=x\n[d]\nrole_arn=r\n",
            "/g": "[profile a]\naws_session_token = t\n",
        ]
        let found = try profile("a", files).load()
        #expect(found?.secretKey.reveal == "s/k+=" && found?.sessionToken?.reveal == "t")
        #expect(try profile("b", files).load() == nil)
        #expect(failure { try profile("d", files).load() }?.message.contains("role_arn") == true)
    }

    @Test(arguments: ["", "{}", "[]", "null", "{\"AccessKeyId\":1}", String(repeating: "[", count: 60_000)])
    func `what is no document of credentials is refused without its words`(body: String) throws {
        let server = try FakeServer { _ in FakeAnswer(body: Array(body.utf8)) }
        let variables = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/"]
        #expect(code { try container(variables, files: [:]).load() } == .damaged)
    }

    private func profile(_ name: String, _ files: [String: String]) throws -> ProfileCredentials {
        let variables = ["AWS_PROFILE": name, "AWS_SHARED_CREDENTIALS_FILE": "/c", "AWS_CONFIG_FILE": "/g"]
        return ProfileCredentials(try Profile(surroundings(variables, files)))
    }

    private func webIdentity(_ variables: [String: String], files: [String: String]) throws -> WebIdentityCredentials {
        let surroundings = surroundings(variables, files)
        return WebIdentityCredentials(
            surroundings: surroundings,
            client: client,
            profile: try Profile(surroundings),
            region: "us-east-1"
        )
    }

    private func container(_ variables: [String: String], files: [String: String]) -> ContainerCredentials {
        ContainerCredentials(surroundings: surroundings(variables, files), client: client)
    }

    private func instance(_ variables: [String: String]) -> InstanceCredentials {
        InstanceCredentials(environment: variables, client: client)
    }

    private func surroundings(_ variables: [String: String], _ files: [String: String]) -> Surroundings {
        Surroundings(environment: variables) { files[$0].map { Array($0.utf8) } }
    }

    private var client: CredentialsClient {
        CredentialsClient(connections: TestConnections.shared, clock: .system)
    }
}
