// @ts-check
/**
 * A plugin of the CLI. It has CloudFormation publish a version of the token function, check it, and only then point the alias `live`
 * to it, which is what the API calls. A version that fails its check is undone before any reader meets it.
 */
/** The alias that the API calls. */
const alias = { name: 'live', logicalId: 'TokenLiveAlias' };

/** The longest that a check may take, in seconds. When the check itself hangs, CloudFormation gives up after this time. */
const longestCheck = 120;

module.exports = class Versions {
  /**
   * @param {any} serverless the CLI
   * @param {{ force?: boolean }} options of the command line
   */
  constructor(serverless, options) {
    this.serverless = serverless;
    this.hooks = {
      // The functions are compiled, and the events, which refer to the alias, are not.
      'before:package:compileEvents': () => this.addVersion(),
      // The CLI would compare what is here with what was uploaded last. That is not what is deployed if the last version was
      // refused, or rolled back.
      'before:aws:deploy:deploy:checkForChanges': () => {
        options.force = true;
      },
      'after:aws:info:gatherData': () => this.sayWhatTheCheckFound(),
    };
  }

  addVersion() {
    const { service } = this.serverless;
    const { Resources: resources, Outputs: outputs } = service.provider.compiledCloudFormationTemplate;
    const token = service.getFunction('token');
    token.targetAlias = alias;

    // A version can't be changed: for other code or another configuration there is another one, and another check.
    const version = token.versionLogicalId;
    // While the endpoint is switched off, there is nothing to ask: switching it on is asked about once more.
    const isOff = token.reservedConcurrency === 0;
    const check = version.replace('LambdaVersion', 'VersionCheck') + (isOff ? 'WhileOff' : '');
    // CloudFormation deletes the version before once everything else is done, or a refused version when it undoes the update. It
    // publishes again a version that a deployment goes back to. AWS would refuse to publish the code of the newest version twice.
    delete resources[version].DeletionPolicy;
    resources[check] = {
      Type: 'Custom::VersionCheck',
      // It is asked once, when it is created. There is nothing to delete, so that removing the stack does not depend on the check.
      // When an update is undone, nothing is asked about the version before.
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        ServiceToken: { 'Fn::GetAtt': ['CheckLambdaFunction', 'Arn'] },
        ServiceTimeout: longestCheck,
        Version: { 'Fn::GetAtt': [version, 'Version'] },
      },
    };
    resources[alias.logicalId] = {
      Type: 'AWS::Lambda::Alias',
      Properties: {
        Name: alias.name,
        FunctionName: { Ref: 'TokenLambdaFunction' },
        FunctionVersion: { 'Fn::GetAtt': [version, 'Version'] },
      },
      DependsOn: check,
    };
    outputs.VersionCheck = {
      Description: 'What the check of this version found',
      Value: { 'Fn::GetAtt': [check, 'Found'] },
    };
  }

  sayWhatTheCheckFound() {
    const outputs = this.serverless.pluginManager.plugins.find(
      (/** @type {any} */ plugin) => plugin.gatheredData,
    )?.gatheredData.outputs;
    const found = outputs?.find((/** @type {any} */ output) => output.OutputKey === 'VersionCheck');
    if (found) this.serverless.addServiceOutputSection('check', found.OutputValue);
  }
};
