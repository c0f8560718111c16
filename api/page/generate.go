package page

// The scripts of the sign-up page are bundled from src into dist, which the binary embeds. Each is bundled on its own, because
// shared code would be one more file to load before the form works. Chunks are loaded later; the scripts import them from
// AssetPath, so their names need a hash. The bundles are the same on every machine.
//
//go:generate npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
//go:generate find dist -name *.js -delete
//go:generate -command bundle env GOWORK=off go -C ../../tools tool esbuild --outdir=../api/page/dist --public-path=/signup/assets --chunk-names=[name]-[hash] --bundle --splitting --format=esm --minify --target=es2022 --charset=utf8 --log-level=warning
//go:generate bundle ../api/page/src/signup.ts
//go:generate bundle ../api/page/src/embed.ts
//
// The licenses of the bundled libraries must go with every copy of them.
//
//go:generate sh -c "tail -n +1 node_modules/altcha-lib/LICENSE* node_modules/libphonenumber-js/LICENSE* >dist/licenses.txt"
