pub fn recorded(version: &str) -> &'static str {
    match version {
        "1.1.0" => "ls",
        _ => "",
    }
}
