package admin

import "testing"

func TestAbout(t *testing.T) {
	if About()["version"] != "0.1.0" {
		t.Fatal(About())
	}
}
