lab_fault() { :; }
