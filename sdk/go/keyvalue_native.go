//go:build !wasip1

package millstream

// Natively there is no store: a plugin's tests hand it another.

func openBucket(string) (uint32, error) { return 0, errNoHost }

func closeBucket(uint32) {}

func getValue(uint32, string) ([]byte, bool, error) { return nil, false, errNoHost }

func setValue(uint32, string, []byte) error { return errNoHost }

func deleteValue(uint32, string) error { return errNoHost }

func hasValue(uint32, string) (bool, error) { return false, errNoHost }

var errNoHost = &KeyvalueError{"there is no host that has a store"}
