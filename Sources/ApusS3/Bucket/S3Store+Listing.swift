package import ApusStorage

extension S3Store {
    package func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        let what = "listing \(location)/\(prefix)"
        var found: [StoredObject] = []
        var token: String?
        var tokens: Set<String> = []
        repeat {
            let page = try page(prefix: fullKey(prefix), token: token, what: what)
            found += page.objects
            guard found.count <= limit else {
                throw StorageError(.tooLarge, "\(what): there are more than \(limit) objects")
            }
            token = page.next
            if let token, !tokens.insert(token).inserted {
                throw StorageError(.damaged, "\(what): the server gave the same continuation token twice")
            }
        } while token != nil
        return found.sorted { $0.key < $1.key }
    }

    private func page(prefix: String, token: String?, what: String) throws(StorageError) -> ListingPage {
        var query = [QueryItem("list-type", "2"), QueryItem("encoding-type", "url"), QueryItem("max-keys", "1000")]
        if !prefix.isEmpty { query.append(QueryItem("prefix", prefix)) }
        if let token { query.append(QueryItem("continuation-token", token)) }
        let outcome = try perform(what) { () throws(StorageError) in
            S3Request(method: "GET", query: query, byteLimit: 16 << 20)
        }
        switch outcome {
        case .refused(let failure): throw error(failure, what)
        case .success(let answer):
            do {
                let strips = configuration.prefix.isEmpty ? "" : "\(configuration.prefix)/"
                return try ListingPage(answer.body, strippingPrefix: strips)
            } catch {
                throw StorageError(.damaged, "\(what): the answer is no listing: \(error)", cause: error)
            }
        }
    }
}
