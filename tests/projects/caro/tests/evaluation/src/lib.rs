pub fn weigh() {}
