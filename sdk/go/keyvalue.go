package millstream

import "unicode/utf8"

// KeyvalueError says why the store did not do what it was asked. Returned by a handler it is a
// retry, as any error is.
type KeyvalueError struct {
	// Reason is for people, one line.
	Reason string
}

func (e *KeyvalueError) Error() string { return e.Reason }

// Store holds values by their keys, beyond the life of the instance. Any error is a *KeyvalueError.
type Store struct{ bucket uint32 }

// OpenStore opens the plugin's store of that name; "default" is one that a plugin has. It works
// where the pipeline grants it:
//
//	grants: { keyvalue: true }
func OpenStore(name string) (*Store, error) {
	if err := checkKey(name); err != nil {
		return nil, err
	}
	bucket, err := openBucket(name)
	if err != nil {
		return nil, err
	}
	return &Store{bucket}, nil
}

// Close gives the store back to the host. A Store must not be used after it.
func (s *Store) Close() { closeBucket(s.bucket) }

// Get is the value of key, and whether there is one.
func (s *Store) Get(key string) ([]byte, bool, error) {
	if err := checkKey(key); err != nil {
		return nil, false, err
	}
	return getValue(s.bucket, key)
}

// Set gives key a value, in the place of the one it has.
func (s *Store) Set(key string, value []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return setValue(s.bucket, key, value)
}

// Delete removes key and its value; nothing happens where there is none.
func (s *Store) Delete(key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return deleteValue(s.bucket, key)
}

// Exists is whether key has a value.
func (s *Store) Exists(key string) (bool, error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	return hasValue(s.bucket, key)
}

// checkKey keeps from the host what it treats as a trap.
func checkKey(key string) error {
	if !utf8.ValidString(key) {
		return &KeyvalueError{"a key is not UTF-8"}
	}
	return nil
}
