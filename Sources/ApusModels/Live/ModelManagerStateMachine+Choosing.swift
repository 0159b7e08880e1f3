internal import ApusCore

/// Models that are wanted and no others, of those that are loaded.
extension ModelManagerStateMachine {
    /// Somebody named all models that are wanted: every other one is dismissed unless one of them needs it.
    ///
    /// Those that aren't loaded have to be requested.
    ///
    /// - Returns: Those that are dismissed.
    mutating func modelsChosen(_ names: Set<ModelName>) -> [ModelName] {
        var dismissed: [ModelName] = []
        for name in names.sorted() where isWanted(name) { change(name) { $0.isChosen() } }
        // One that is dismissed may have been the last to need another.
        var isDone = false
        while !isDone {
            isDone = true
            for name in models.keys.sorted() where isWanted(name) && !names.contains(name) {
                guard dependencies.dependents(of: name).isEmpty else { continue }
                dismissed += modelDismissed(name, withDependents: true)
                isDone = false
            }
        }
        return dismissed
    }
}
